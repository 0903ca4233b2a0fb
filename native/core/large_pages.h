// Large memory in large pages: a page that is touched first costs the system a visit, and one that is used an entry of the
// processor's table of addresses.
#pragma once

#include <cstddef>

namespace pope {

// A hint that what is touched first in this memory may come in large pages. For arrays below 4 MiB, and where the system has
// no such hint, nothing.
void prefer_large_pages(void* data, size_t bytes) noexcept;

}  // namespace pope
