// Tests of the shim that runs CUDA sources on the host, and of the kernels under it, without Node, so that they
// also run under sanitizers. With --brief as little as shows a race.
#include <string_view>

void test_shim();
void test_token_logprobs();
void test_slates();
void test_bootstrap();
void test_products();
void test_fused_head();
void test_attention();
void test_network();

bool brief = false;

int main(int count, char** arguments) {
  brief = count > 1 && std::string_view(arguments[1]) == "--brief";
  test_shim();
  test_token_logprobs();
  test_slates();
  test_bootstrap();
  test_products();
  test_fused_head();
  test_attention();
  test_network();
}
