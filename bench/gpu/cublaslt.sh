# To be read by a shell: names libcublasLt by POPE_CUBLASLT where it came with a Python package, for then it is not on the loader's path.
if [ -z "${POPE_CUBLASLT:-}" ] && ! { ldconfig -p 2>/dev/null || true; } | grep -q 'libcublasLt\.so\.1[23]'; then
  POPE_CUBLASLT=$(python3 -c 'import glob, site, sysconfig
folders = [*site.getsitepackages(), sysconfig.get_paths()["purelib"]]
print(next((f for d in folders for f in sorted(glob.glob(d + "/nvidia/*/lib/libcublasLt.so.1[23]"))), ""))' 2>/dev/null || true)
  if [ -n "$POPE_CUBLASLT" ]; then export POPE_CUBLASLT; else unset POPE_CUBLASLT; fi
fi
