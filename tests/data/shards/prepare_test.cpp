#include "data/shards/prepare.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "data/shards/chat_digest.h"
#include "tests/support/error_message.h"
#include "tests/support/shard_request.h"

namespace genesis::data {
namespace {

using testing::message_of;
using testing::ShardRequest;
using testing::TempFolder;
namespace fs = std::filesystem;

size_t folders_in(const fs::path& cache) {
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator(cache)) count += entry.is_directory();
  return count;
}

TEST(ShardCache, IsMadeOnceHoweverManyAskForIt) {
  const TempFolder folder;
  ShardRequest r;
  r.add(folder.write("a.jsonl", ShardRequest::records(3000)));
  std::atomic<int> makers{0};
  std::vector<std::string> digests(6);
  {
    std::vector<std::jthread> ranks;
    for (size_t rank = 0; rank < digests.size(); ++rank)
      ranks.emplace_back([&, rank] {
        PrepareRequest request = r.request();
        std::atomic<bool> made{false};
        request.progress = [&](const StreamProgress&) { made = true; };
        digests[rank] = cached_shards(request, folder / "cache")->digest("");
        makers += made;
      });
  }
  EXPECT_EQ(makers, 1);
  for (const std::string& digest : digests) EXPECT_EQ(digest, digests[0]);
  EXPECT_EQ(folders_in(folder / "cache"), 1u);
}

TEST(ShardCache, AnyChangeOfSourceOrRuleIsAnotherFolder) {
  const TempFolder folder;
  ShardRequest r;
  r.add(folder.write("a.jsonl", ShardRequest::records(20)));
  const auto ask = [&](const ShardRequest& which) {
    return cached_shards(which.request(), folder / "cache")->folder();
  };
  const fs::path first = ask(r);
  EXPECT_EQ(ask(r), first);
  r.options.loss_on = LossOn::all;
  EXPECT_NE(ask(r), first);
  r.options = {};
  r.options.truncation = Truncation::turn;
  EXPECT_NE(ask(r), first);
  r.options = {};
  folder.write("a.jsonl", ShardRequest::records(21));
  EXPECT_NE(ask(r), first);
  folder.write("a.jsonl", ShardRequest::records(20));
  EXPECT_EQ(ask(r), first);
  ShardRequest other("qwen1.5");
  other.add(folder / "a.jsonl");
  EXPECT_NE(ask(other), first);
  EXPECT_EQ(folders_in(folder / "cache"), 5u);
}

TEST(ShardCache, ADamagedFolderIsMadeAgain) {
  const TempFolder folder;
  ShardRequest r;
  r.add(folder.write("a.jsonl", ShardRequest::records(20)));
  const auto store = cached_shards(r.request(), folder / "cache");
  const std::string digest = store->digest("");
  const fs::path shard = store->folder() / "shard-00000.h5";
  fs::resize_file(shard, fs::file_size(shard) / 2);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(cached_shards(r.request(), folder / "cache")->digest(""), digest);
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("it is made again"), std::string::npos);
}

TEST(Prepare, ShardsOfAnotherTokenizerTemplateOrRuleAreRefused) {
  const TempFolder folder;
  ShardRequest r;
  r.add(folder.write("a.jsonl", ShardRequest::records(20)));
  prepare(r.request(), provenance_of(r.request()), folder / "s");
  EXPECT_EQ(open_prepared(r.request(), folder / "s")->size(), 20);

  ShardRequest other_template("qwen1.5");
  EXPECT_NE(message_of<DataError>([&] {
              open_prepared(other_template.request(), folder / "s");
            }).find("prepared with another template: qwen there, qwen1.5 here"),
            std::string::npos);
  r.options.max_seq_len = 100;
  EXPECT_NE(message_of<DataError>([&] { open_prepared(r.request(), folder / "s"); }).find("another rule"),
            std::string::npos);
  r.options = {};
  const Tokenizer other = testing::tiny_tokenizer(TokenizerFamily::qwen1_5);
  PrepareRequest request = r.request();
  const PrepareRequest with_other{.files = request.files,
                                  .tokenizer = other,
                                  .chat = request.chat,
                                  .options = request.options,
                                  .program = ""};
  EXPECT_NE(message_of<DataError>([&] { open_prepared(with_other, folder / "s"); }).find("another tokenizer"),
            std::string::npos);
}

TEST(Prepare, ABadRecordLeavesNothingBehind) {
  const TempFolder folder;
  ShardRequest r;
  r.add(folder.write("a.jsonl", ShardRequest::records(2000) + "{\"prompt\": \"Q\"}\n"));
  EXPECT_NE(message_of<DataError>([&] {
              prepare(r.request(), provenance_of(r.request()), folder / "s");
            }).find("a.jsonl:2001:1: has no \"completion\""),
            std::string::npos);
  EXPECT_FALSE(fs::exists(folder / "s"));
}

TEST(ChatDigest, SeesTemplateAndSpecialTokens) {
  const ShardRequest qwen, qwen15("qwen1.5"), qwen3("qwen3");
  EXPECT_NE(template_digest(qwen.chat()), template_digest(qwen15.chat()));
  EXPECT_NE(template_digest(qwen15.chat()), template_digest(qwen3.chat()));
  EXPECT_EQ(template_digest(qwen.chat()), template_digest(ShardRequest().chat()));
  EXPECT_NE(tokenizer_digest(testing::tiny_tokenizer()),
            tokenizer_digest(testing::tiny_tokenizer(TokenizerFamily::qwen1_5)));
}

}  // namespace
}  // namespace genesis::data
