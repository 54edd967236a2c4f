#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "data/chat/chat_format.h"
#include "data/dataset/sft_options.h"
#include "data/dataset/sft_summary.h"

namespace genesis::data {

/// Where a sample comes from.
struct SampleOrigin {
  int32_t file = 0;  ///< index into the files of the stream
  int64_t line = 1;
};

/// How far a stream has come: bytes as they lie on disk, and what has been made of them.
struct StreamProgress {
  int64_t bytes = 0;
  int64_t tokens = 0;
};

struct StreamSinks {
  std::function<void(LabelledTokens&&, SampleOrigin)> sample;  ///< every sample that is kept, in file order
  std::function<void(const StreamProgress&)> progress = {};    ///< now and then
};

/// Reads files, tokenises their records and hands the samples on, one after the other.
///   Memory is that of a few thousand records, whatever the size of the files: one thread reads ahead while
///   options.threads tokenise. The order of samples is that of the records, whatever the number of threads.
///   Every sample handed on has at least one supervised token.
/// Errors: RecordError and DataError of the formats; RecordError for a record with nothing to learn from, and
/// for
///   a too long one under Truncation::error. Under OnBadRecord::skip they are counted in `summary`, with the
///   first places, up to max_bad_records; one warning line says how many.
void stream_samples(std::span<const std::filesystem::path> files, const ChatFormat& chat,
                    const SftOptions& options, SftSummary& summary, const StreamSinks& sinks);

}  // namespace genesis::data
