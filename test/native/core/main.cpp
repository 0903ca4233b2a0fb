// Tests of native/core without Node, so that they also run under thread and address sanitizers.
void test_exchange();
void test_thread_pool();
void test_unconfirmed();
void test_queue();

int main() {
  test_exchange();
  test_thread_pool();
  test_unconfirmed();
  test_queue();
}
