# docker build --tag quarterdeck .           or: buildah bud --isolation chroot --tag quarterdeck .
# What the arguments mean, and building behind a proxy or with an index of your own: docs/image.md

ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
ARG EXTRAS=all
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# Only git's own binary, into which what the collector runs is built, and the one that fetches over HTTPS, with the
# libraries that it needs and the base lacks: the whole package brings 100 MB of Perl and more. A clone without a folder
# of templates would complain. The records in status.d let vulnerability scanners see what is here all the same.
RUN mkdir /git && case ",${EXTRAS}," in *,git,* | *,all,*) \
        command -v git >/dev/null || { mkdir -m 777 /tmp/git && cd /tmp/git && apt-get update -qq \
            && curl=$(apt-cache depends git | sed -n 's/^ *Depends: \(libcurl[^ ]*\)$/\1/p') \
            && lacking=$(apt-get install --simulate --no-install-recommends --no-upgrade ${curl}) \
            && apt-get download -qq git $(echo "${lacking}" | sed -n 's/^Inst \([^ ]*\) .*/\1/p') \
            && (cd /git && mkdir -p usr/bin usr/lib/git-core usr/share/git-core/templates var/lib/dpkg/status.d) \
            && for package in *.deb; do dpkg-deb --extract "${package}" all \
                && dpkg-deb --field "${package}" >"/git/var/lib/dpkg/status.d/${package%%_*}" || exit; done \
            && mv all/usr/bin/git /git/usr/bin/ && mv all/usr/lib/git-core/git-remote-http* /git/usr/lib/git-core/ \
            && find all -path '*/lib/*-linux-*' -prune -exec cp -a {} /git/usr/lib/ \; ; } ;; \
    esac

# One environment does the installing and stays here, so that the other holds no pip and no setuptools.
RUN python3 -m venv /installer && python3 -m venv --without-pip /opt/quarterdeck
WORKDIR /source

# The dependencies first, for a project without modules: their layer is made anew only when pyproject.toml changes.
COPY pyproject.toml README.md LICENSE ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=certificates,target=/run/certificates.pem \
    if [ -s /run/certificates.pem ]; then export PIP_CERT=/run/certificates.pem; fi \
    && touch run_collector.py \
    && /installer/bin/pip --python /opt/quarterdeck/bin/python install --quiet --no-compile ".[${EXTRAS}]" \
    && rm -rf run_collector.py build ./*.egg-info
# Nothing of the second API version's eight thousand files is used; compiled, they would add 25 MB.
RUN /opt/quarterdeck/bin/python -m compileall -q --invalidation-mode unchecked-hash -x 'datadog_api_client/v2/' \
        /opt/quarterdeck/lib

COPY . .
# Whoever cloned with a strict umask has files that only they can read.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=certificates,target=/run/certificates.pem \
    if [ -s /run/certificates.pem ]; then export PIP_CERT=/run/certificates.pem; fi \
    && /installer/bin/pip --python /opt/quarterdeck/bin/python install --quiet --no-compile --no-deps --force-reinstall . \
    && cp run_collector.py /opt/quarterdeck/ \
    && /opt/quarterdeck/bin/python -m compileall -q --invalidation-mode unchecked-hash -x 'datadog_api_client/v2/' \
        /opt/quarterdeck/lib \
    && chmod -R a+rX /opt/quarterdeck

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=
ARG SOURCE=

COPY --from=build /git/ /
COPY --from=build /opt/quarterdeck /opt/quarterdeck
# A mounted clone belongs to whoever made it; that this container may read it was said by mounting it.
# Some base images leave the standard library uncompiled, and a read-only root would keep it so.
RUN if command -v git >/dev/null; then git config --system --add safe.directory '*'; fi \
    && python3 -m compileall -q -x '/(test|tests|idlelib|lib2to3|tkinter|ensurepip|turtledemo|(site|dist)-packages)/' \
        "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

ENV PATH=/opt/quarterdeck/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
LABEL org.opencontainers.image.title="Quarterdeck" \
      org.opencontainers.image.description="Small scheduled jobs that look once at Git, GitHub, Tekton or a data pipeline and submit numbers that are right" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 65532:0
WORKDIR /repo
ENTRYPOINT ["/opt/quarterdeck/bin/python", "/opt/quarterdeck/run_collector.py"]
