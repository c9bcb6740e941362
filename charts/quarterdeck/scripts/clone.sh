#!/bin/sh
# Clones each repository of $CLONE_LIST below $CLONES, or fetches what is new. One that cannot be fetched is put aside: the
# run then names it as missing, and never shows old numbers for new ones.
set -u
umask 027
cd "$CLONES" || exit 1
end=$(($(date +%s) + CLONE_SECONDS))
child=
trap '[ -z "$child" ] || kill "$child"; exit 143' TERM
export GIT_TERMINAL_PROMPT=0 GIT_ALLOW_PROTOCOL=https:http

run() { # git, for as long as time is left
    left=$((end - $(date +%s)))
    [ "$left" -gt 0 ] || return 124
    timeout -k 5 "$left" git -c core.hooksPath=/dev/null -c gc.autoDetach=false \
        -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=60 "$@" &
    child=$!
    wait "$child"
    status=$?
    child=
    return "$status"
}

fetch() { # FOLDER URL
    # Nobody else is here: a lock is what an ended fetch left.
    find "$1" -name '*.lock' -type f -delete
    git -C "$1" config remote.origin.url "$2" || return
    run -C "$1" fetch --quiet --force --prune origin '+refs/heads/*:refs/heads/*' '+refs/tags/*:refs/tags/*' || return
    run -C "$1" ls-remote --symref origin HEAD >"$HOME/head" || return
    head=$(sed -n 's/^ref: \(refs\/heads\/[^[:space:]]*\)[[:space:]]HEAD$/\1/p' "$HOME/head")
    [ -z "$head" ] || git -C "$1" symbolic-ref HEAD "$head"
}

clone() { # FOLDER URL
    run clone --quiet --bare "$2" "$1.new" && mv "$1.new" "$1"
}

while read -r folder url <&3; do
    rm -rf "$folder.new"
    if [ -d "$folder.aside" ]; then mv "$folder.aside" "$folder"; fi
    if [ -d "$folder" ] && ! git -C "$folder" rev-parse --git-dir >/dev/null; then rm -rf "$folder"; fi
    if [ -d "$folder" ]; then
        fetch "$folder" "$url" || { echo "cannot fetch $url" >&2 && mv "$folder" "$folder.aside"; }
    else
        clone "$folder" "$url" || { echo "cannot clone $url" >&2 && rm -rf "$folder.new"; }
    fi
done 3<"$CLONE_LIST"

# What is not in the list any more takes no room.
for found in *.git *.git.aside; do
    if ! cut -d ' ' -f 1 "$CLONE_LIST" | grep -qxF -e "${found%.aside}"; then rm -rf "./$found"; fi
done
exit 0
