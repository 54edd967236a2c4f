#include "data/shards/row_index.h"

#include <unistd.h>

#include <system_error>

#include "data/shards/array_reader.h"
#include "data/shards/array_writer.h"
#include "data/shards/durable_folder.h"
#include "data/shards/file_digest.h"
#include "data/shards/sealed_json.h"

namespace genesis::data {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kChunk = 4096;

fs::path path_of(const fs::path& folder, const RowIndexName& name, const char* extension) {
  return folder / fmt::format("rows-{}-{}{}", name.max_seq_len, name.seed, extension);
}

void move(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) throw DiskError("{}: cannot become {}: {}", from.string(), to.string(), error.message());
}

}  // namespace

void write_row_index(const fs::path& folder, const RowIndexName& name, const SampleRows& rows) {
  const fs::path path = path_of(folder, name, ".h5"), seal = path_of(folder, name, ".json");
  fs::path partial = path, partial_seal = seal;
  for (fs::path* p : {&partial, &partial_seal}) *p += fmt::format(".partial-{}", ::getpid());
  std::error_code ignored;
  fs::remove(partial, ignored);
  Hdf5Handle file = create_hdf5(partial);
  ArrayWriter begin(file, partial, "begin", ArrayKind::int64, kChunk);
  ArrayWriter samples(file, partial, "samples", ArrayKind::int64, kChunk);
  int64_t next = 0;
  begin.append(&next, 1);
  for (int64_t r = 0; r < rows.size(); ++r) {
    samples.append(rows.samples(r));
    next += int64_t(rows.samples(r).size());
    begin.append(&next, 1);
  }
  begin.finish();
  samples.finish();
  if (!file.close()) throw DiskError("{}: cannot be closed; the disk may be full", partial.string());
  sync_path(partial);
  write_sealed(partial_seal, {{"format", "genesis rows 1"},
                              {"bytes", int64_t(fs::file_size(partial))},
                              {"xxh3", xxh3_of_file(partial)}});
  move(partial, path);
  move(partial_seal, seal);
}

std::optional<SampleRows> read_row_index(const fs::path& folder, const RowIndexName& name,
                                         const SampleStore& samples) {
  const fs::path path = path_of(folder, name, ".h5"), seal = path_of(folder, name, ".json");
  if (!fs::exists(seal)) return std::nullopt;
  const auto sealed = read_sealed(seal);
  if (sealed.value("format", "") != "genesis rows 1" || sealed.value("xxh3", "") != xxh3_of_file(path))
    throw DataError("{}: is damaged: its digest is not the one in {}", path.string(),
                    seal.filename().string());
  const auto lock = hdf5_lock();
  const Hdf5Handle file = open_hdf5(path);
  const auto begin = read_int64_array(file, path, "begin");
  auto order = read_int64_array(file, path, "samples");
  auto rows = SampleRows::from_index(samples, begin, std::move(order), name.max_seq_len);
  if (!rows) throw DataError("{}: does not hold each of the {} samples once", path.string(), samples.size());
  return rows;
}

}  // namespace genesis::data
