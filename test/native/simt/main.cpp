// Tests of the shim that runs CUDA sources on the host, without Node, so that they also run under sanitizers.
void test_shim();

int main() { test_shim(); }
