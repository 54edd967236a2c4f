#pragma once
#include <cstdint>

namespace genesis {

/// Asks the system to back whole 2 MiB pages of [data, data + bytes) by large pages when they are first
/// written: a fault and an address translation for each instead of for every 4 KiB. Only a hint; without it
/// all is as before.
void prefer_large_pages(void* data, int64_t bytes);

}  // namespace genesis
