#include "cuda/kept.h"

#include <string>
#include <utility>

#include "cuda/runtime.h"

namespace pope::cuda {

namespace {

constexpr size_t kWords = 8192;  // 200 layers of 40 ops
constexpr size_t kGrain = 512;

}  // namespace

Kept::Kept(Stream& stream) : stream_(stream) {}

Kept::~Kept() {
  for (const auto& [data, bytes] : blocks_) runtime::free(data);
  if (words_) runtime::free(words_);
}

void Kept::begin_pass() {
  descriptions_.clear();
  next_ = 0;
  if (!sealed_) given_.clear();
}

void* Kept::allocate(size_t bytes) {
  if (sealed_) return given_.at(next_++);
  const size_t needed = (bytes + kGrain - 1) / kGrain * kGrain;
  void* data = nullptr;
  if (const auto found = free_.lower_bound(needed); found != free_.end()) {
    data = found->second;
    free_.erase(found);
  } else {
    data = runtime::allocate(needed);
    if (!data) return nullptr;
    blocks_.emplace(data, needed);
  }
  given_.push_back(data);
  return data;
}

void Kept::free(void* data) {
  if (!sealed_) free_.emplace(blocks_.at(data), data);
}

RefusalWord* Kept::refusals(DescribeRefusal describe) {
  if (!words_) {
    words_ = static_cast<RefusalWord*>(runtime::allocate(kWords * sizeof(RefusalWord)));
    if (!words_) throw Error(Status::out_of_memory, "the GPU has no memory left for what a program reports");
    stream_.fill_bytes(words_, 0xff, kWords * sizeof(RefusalWord));
  }
  if (descriptions_.size() == kWords) throw Error(Status::unsupported, "a program has more ops than a GPU can report on");
  descriptions_.push_back([describe = std::move(describe), op = step_->op, dims = step_->dims](const Refusal& refusal) {
    return at_op(describe(refusal), op, dims);
  });
  return words_ + descriptions_.size() - 1;
}

std::optional<Error> Kept::take_failure() {
  if (descriptions_.empty()) return std::nullopt;
  std::vector<RefusalWord> words(descriptions_.size());
  stream_.download(words.data(), words_, words.size() * sizeof(RefusalWord));
  stream_.fill_bytes(words_, 0xff, words.size() * sizeof(RefusalWord));
  for (size_t i = 0; i < words.size(); ++i) {
    if (reported(words[i])) return descriptions_[i](decode_refusal(words[i]));
  }
  return std::nullopt;
}

}  // namespace pope::cuda
