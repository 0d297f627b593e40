#!/bin/sh
# The C engine under AddressSanitizer and UndefinedBehaviorSanitizer, the whole test
# suite; then leaks, and every allocation failing once. It builds in a copy of the
# source tree, so that the engine in use stays as it is.
# Usage: PYTHON=... tests/autograd/native/sanitize.sh [arguments of pytest]
set -eu

python=${PYTHON:-python3}
root=$(cd "$(dirname "$0")/../../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
for entry in autograd nn demos tests pyproject.toml setup.py README.md LICENSE; do
    cp -R "$root/$entry" "$copy/"
done
find "$copy" -name '*.so' -exec rm -f {} +
cd "$copy"

compiler=${CC:-gcc}
flags="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
case $("$compiler" --version) in
*clang*)
    flags="$flags -shared-libasan"
    runtime=$("$compiler" -print-file-name="libclang_rt.asan-$(uname -m).so")
    ;;
*) runtime=$("$compiler" -print-file-name=libasan.so) ;;
esac
if [ ! -e "$runtime" ]; then
    echo "no AddressSanitizer with $compiler on this machine: $runtime" >&2
    exit 1
fi
# It wraps what C++ throws, so C++ must be there before a package brings it.
cpp=$("$compiler" -print-file-name=libstdc++.so.6)
if [ -e "$cpp" ]; then
    runtime="$runtime $cpp"
fi

# build: the engine, with what its environment asks for
build() {
    CC=$compiler AUTOGRAD_WERROR=1 CFLAGS="$flags -g" LDFLAGS="$flags" \
        "$python" setup.py -q build_ext --inplace --force
}

# CPython itself leaves memory behind at exit, so leaks are counted by the tests of
# the engine instead, and pymalloc would hide the ends of our blocks.
check() {
    LD_PRELOAD="$runtime" PYTHONMALLOC=malloc PYTHONPATH="$copy" \
        ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
        UBSAN_OPTIONS=print_stacktrace=1 "$python" "$@"
}

echo "== building with the sanitizers ($compiler), every node a block by itself"
AUTOGRAD_TEST_ALLOC=1 build
check -c 'import autograd; assert autograd.engine == "native", autograd.engine'
echo "== the suite, but for a browser and what builds copies without the sanitizers"
check -m pytest -q -n "${JOBS:-auto}" -p no:cacheprovider -k "not reference" \
    --ignore tests/test_installation.py \
    --ignore tests/autograd/table/test_one_row.py "$@"

echo "== building with the sanitizers ($compiler), nodes in slabs"
build
check -m pytest -q -p no:cacheprovider tests/autograd/native/test_nodes.py
