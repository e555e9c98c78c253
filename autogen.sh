#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# autogen.sh - from a checkout to a running server.
usage='usage: ./autogen.sh [serve [ARGUMENT ...] | check | check-all | packages | help]

  (nothing)   writes ./configure; then: ./configure && make
  serve       gets what is missing, builds in build/, and runs the server on
              127.0.0.1:6379; arguments go to it: serve --port 7000
  check       gets what is missing, builds in build/, and runs the tests
  check-all   the same, then in other builds too (sanitizers, clang, fuzzers)
  packages    names the Debian packages that are missing, and installs nothing

Environment: CC, CFLAGS and CONFIGURE_FLAGS (such as --enable-asan) are used when
build/ is configured for the first time; JOBS is how many compilers run at once.
As root on Debian, missing packages are installed; otherwise you are told how.'

set -eu
cd "$(dirname "$0")"

say() { printf '\n==> %s\n' "$*" >&2; }
die() {
    printf '\nautogen.sh: %s\n' "$*" >&2
    exit 1
}

# --- What is needed -----------------------------------------------------------
# A line is: how to see that it is there, what to look for, Debian's package.
# What is there without its package (built by hand, another system) is fine.

need_bootstrap='
command autoconf autoconf
command automake automake
file /usr/share/aclocal/pkg.m4 pkg-config'

need_build="$need_bootstrap
cc - gcc
command make make
command pkg-config pkg-config
header stdio.h libc6-dev
library libevent_pthreads libevent-dev
library jemalloc libjemalloc-dev
library libxxhash libxxhash-dev
library luajit libluajit-5.1-dev
library liblzf liblzf-dev"

need_check="$need_build
cxx - g++
library check check
library hiredis libhiredis-dev
command python3 python3
python redis python3-redis
python hiredis python3-hiredis
command redis-server redis-server
command redis-cli redis-tools
file /usr/lib/redis/modules/redisearch.so redis-redisearch
command valgrind valgrind"

need_check_all="$need_check
command clang clang
file /usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-$(uname -m).a libclang-rt-14-dev
command clang-format-14 clang-format-14
command iredis iredis
command node nodejs
command npm npm
command prometheus-redis-exporter prometheus-redis-exporter
command abidiff abigail-tools
command xz xz-utils"

is_there() { # how what package
    case $1 in
    command) command -v "$2" >/dev/null 2>&1 ;;
    cc) command -v "${CC:-cc}" >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1 ;;
    cxx) command -v "${CXX:-g++}" >/dev/null 2>&1 || command -v clang++ >/dev/null 2>&1 ;;
    file) [ -e "$2" ] ;;
    header) [ -e "/usr/include/$2" ] ;;
    library) pkg-config --exists "$2" >/dev/null 2>&1 ;;
    python) /usr/bin/python3 -c "import $2" >/dev/null 2>&1 ;;
    esac && return 0
    command -v dpkg-query >/dev/null 2>&1 &&
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$3" 2>/dev/null)" = installed ]
}

missing() { # the packages of list $1 that are not there, each once
    printf '%s\n' "$1" | while read -r how what package; do
        [ -n "$how" ] || continue
        case " ${named-} " in *" $package "*) continue ;; esac
        is_there "$how" "$what" "$package" && continue
        printf '%s' "${named:+ }$package"
        named="${named-} $package"
    done
}

# --- Getting it ---------------------------------------------------------------

# redis-server and the exporter come with services that start by themselves; here
# they are only programs.  Debian asks policy-rc.d before it starts one, and 101
# is no.  One that the machine has already (containers do) is left alone.
policy=/usr/sbin/policy-rc.d
services='redis-server prometheus-redis-exporter'

install_packages() {
    policy_is_ours=
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
        policy_is_ours=yes
        trap 'rm -f $policy' EXIT
        trap 'exit 1' HUP INT TERM
    fi
    export DEBIAN_FRONTEND=noninteractive
    say "apt-get update"
    apt-get -q update >&2 ||
        die "apt-get update failed (see above): is there a network, and does /etc/apt/sources.list name a mirror?"
    say "apt-get install $*"
    apt-get -q install -y --no-install-recommends "$@" >&2 ||
        die "apt-get could not install all of: $*
The message above names the one that failed.  They are Debian 12's names."
    # Nor at the next boot, if it was us who brought it.
    for service in $services; do
        case " $* " in
        *" $service "*)
            if [ -d /run/systemd/system ]; then
                systemctl --quiet disable --now "$service" >&2 || :
            elif command -v update-rc.d >/dev/null 2>&1; then
                update-rc.d "$service" disable >/dev/null 2>&1 || :
            fi
            ;;
        esac
    done
    if [ -n "$policy_is_ours" ]; then
        rm -f $policy
        trap - EXIT HUP INT TERM
    fi
}

need() { # a list of needs
    packages=$(missing "$1")
    [ -n "$packages" ] || return 0
    if ! command -v apt-get >/dev/null 2>&1; then
        die "missing: $packages
These are Debian's names; this system has no apt-get.  Install what they stand
for, then run ./autogen.sh again."
    fi
    if [ "$(id -u)" != 0 ]; then
        die "missing: $packages
Install them, then run this again:
    sudo apt-get update && sudo apt-get install -y --no-install-recommends $packages"
    fi
    # shellcheck disable=SC2086
    install_packages $packages
    packages=$(missing "$1")
    [ -z "$packages" ] || die "installed, and still not found: $packages"
}

# --- Building -----------------------------------------------------------------

bootstrap() {
    say "autoreconf"
    autoreconf --install --force || die "autoreconf failed: the message above says where"
}

# Is configure older than anything it is made of?
stale() {
    [ -x configure ] && [ -e Makefile.in ] || return 0
    [ -n "$(find configure.ac Makefile.am api core modules tests \
        \( -name '*.am' -o -name '*.ac' \) -newer Makefile.in)" ]
}

# A tree that was configured in place is built in place.
build() {
    if [ -e config.status ]; then
        directory=.
    else
        directory=build
    fi
    if stale; then
        bootstrap
    fi
    mkdir -p $directory
    if [ ! -e $directory/config.status ]; then
        say "configure in $directory/"
        # shellcheck disable=SC2086
        (cd $directory && "$OLDPWD/configure" ${CONFIGURE_FLAGS-}) ||
            die "configure failed: its last lines say what is missing; $directory/config.log has the details"
    fi
    say "make"
    make -C $directory -j"$jobs" ||
        die "the build failed: the first error above is the one to read.  After a change of compiler or a pull, 'rm -rf build' starts afresh."
}

jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)}
command=${1-bootstrap}
[ $# -eq 0 ] || shift
case $command in
bootstrap)
    need "$need_bootstrap"
    bootstrap
    say "next: ./configure && make   (or: ./autogen.sh serve)"
    ;;
serve)
    need "$need_build"
    build
    say "keyrack-server on 127.0.0.1:6379 (Ctrl-C stops it); try: redis-cli ping"
    exec "./$directory/keyrack-server" --bind 127.0.0.1 --port 6379 "$@"
    ;;
check)
    need "$need_check"
    build
    say "make check"
    make -C $directory check || die "some tests failed: the lines that begin with FAILED name them and their logs"
    ;;
check-all)
    need "$need_check_all"
    build
    say "make check-all"
    make -C $directory check-all || die "some tests failed: look for FAILED above"
    ;;
packages)
    for list in build check check_all; do
        eval "printf '%s: %s\n' $list \"\$(missing \"\$need_$list\")\""
    done
    ;;
help | -h | --help) printf '%s\n' "$usage" ;;
*) die "what is '$command'?
$usage" ;;
esac
