#pragma once
#include <filesystem>
#include <optional>

#include "data/packing/sample_rows.h"

namespace genesis::data {

/// Packed rows kept beside the shards they index: rows-LENGTH-SEED.h5 ("begin" int64 [rows + 1], "samples"
/// int64 [samples]: row r is samples[begin[r] .. begin[r + 1])) and its sealed rows-LENGTH-SEED.json.
struct RowIndexName {
  int64_t max_seq_len = 0;
  uint64_t seed = 0;
};

/// Writes the rows, both files whole or not at all. Errors: DiskError naming the path.
void write_row_index(const std::filesystem::path& folder, const RowIndexName& name, const SampleRows& rows);

/// The rows over `samples`, when the folder has them for this length and seed.
/// Errors: DataError naming the path when they are damaged or are not rows of these samples.
std::optional<SampleRows> read_row_index(const std::filesystem::path& folder, const RowIndexName& name,
                                         const SampleStore& samples);

}  // namespace genesis::data
