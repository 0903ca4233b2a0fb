#include "comm/gather_numbers.h"

#include <algorithm>

namespace pope {

namespace {

// The same number of values from every rank.
std::vector<double> gather_equal(Transport& transport, const std::vector<double>& values) {
  std::vector<double> all(values.size() * static_cast<size_t>(transport.size()));
  transport.all_gather_host(reinterpret_cast<const std::byte*>(values.data()), reinterpret_cast<std::byte*>(all.data()),
                            values.size() * sizeof(double));
  return all;
}

}  // namespace

// First the lengths, then all with what the longest needs.
std::vector<std::vector<double>> gather_numbers(Transport& transport, const std::vector<double>& values) {
  const std::vector<double> lengths = gather_equal(transport, {static_cast<double>(values.size())});
  const auto most = static_cast<size_t>(*std::max_element(lengths.begin(), lengths.end()));
  std::vector<double> padded = values;
  padded.resize(most);
  const std::vector<double> all = gather_equal(transport, padded);
  std::vector<std::vector<double>> parts;
  for (size_t r = 0; r < lengths.size(); ++r) {
    const auto begin = all.begin() + static_cast<ptrdiff_t>(r * most);
    parts.emplace_back(begin, begin + static_cast<ptrdiff_t>(lengths[r]));
  }
  return parts;
}

}  // namespace pope
