#include "data/dataset/record_batch.h"

namespace genesis::data {
namespace {

constexpr size_t kMostRecords = 1024;
constexpr size_t kMostBytes = size_t{4} << 20;

size_t bytes_of(const Conversation& conversation) {
  size_t bytes = conversation.document ? conversation.document->size() : 0;
  for (const Turn& turn : conversation.turns) bytes += turn.text.size();
  return bytes;
}

}  // namespace

RecordBatch read_batch(ConversationReader& reader, const SftOptions& options) {
  RecordBatch batch;
  const bool go_on = options.survey || options.on_bad_record == OnBadRecord::skip;
  for (size_t bytes = 0; batch.records.size() + batch.bad.size() < kMostRecords && bytes < kMostBytes;) try {
      auto record = reader.next();
      if (!record) {
        batch.last = true;
        break;
      }
      bytes += bytes_of(record->conversation);
      batch.records.push_back(std::move(*record));
    } catch (const RecordError& e) {
      const bool passed = go_on && reader.pass_over();
      if (passed || options.survey)
        batch.bad.push_back(e);
      else
        batch.error = std::current_exception();
      if (!passed) {
        batch.last = true;
        break;
      }
    } catch (...) {
      batch.error = std::current_exception();
      batch.last = true;
      break;
    }
  batch.file_bytes = reader.file_bytes();
  return batch;
}

}  // namespace genesis::data
