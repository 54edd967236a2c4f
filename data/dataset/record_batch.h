#pragma once
#include <cstdint>
#include <exception>
#include <vector>

#include "data/dataset/sft_options.h"
#include "data/formats/conversation_reader.h"

namespace genesis::data {

/// Some records of a file, read ahead of their tokenisation.
struct RecordBatch {
  std::vector<ConversationRecord> records;
  std::vector<RecordError> bad;  ///< records that could not be read and may be left out
  std::exception_ptr error;      ///< what ends the file early, after the records above
  bool last = false;             ///< nothing comes after it
  int64_t file_bytes = 0;
};

/// The next batch. Errors: none; they are in the batch.
RecordBatch read_batch(ConversationReader& reader, const SftOptions& options);

}  // namespace genesis::data
