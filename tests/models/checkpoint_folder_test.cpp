#include <gtest/gtest.h>

#include "models/safetensors/checkpoint_writer.h"
#include "models/safetensors/folder.h"
#include "tests/support/error_message.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"

namespace genesis::models {
namespace {

using genesis::testing::message_of;
using genesis::testing::TempFolder;

void write_model(const std::filesystem::path& folder, int64_t max_shard_bytes) {
  const std::vector<TensorToWrite> tensors{
      {"b", DType::f32, {4}}, {"a", DType::f32, {4}}, {"c", DType::f32, {2}}};
  CheckpointWriter w(folder, tensors, {{"format", "pt"}}, max_shard_bytes);
  float value = 1;
  for (const auto& t : tensors) w.write(t.name, Array::full(t.shape, value++, t.dtype));
  w.finish();
}

TEST(CheckpointFolder, OneFileOrShardsHoldTheSame) {
  const TempFolder one, many;
  write_model(one.path(), 1000);
  write_model(many.path(), 16);  // three tensors of 16, 16 and 8 bytes: three shards
  EXPECT_TRUE(std::filesystem::exists(one / "model.safetensors"));
  EXPECT_FALSE(std::filesystem::exists(one / "model.safetensors.index.json"));
  EXPECT_TRUE(std::filesystem::exists(many / "model-00003-of-00003.safetensors"));
  for (const auto& path : {one.path(), many.path(), one / "model.safetensors"}) {
    const auto f = CheckpointFolder::open(path);
    EXPECT_EQ(f.names().size(), 3u);
    EXPECT_EQ(f.read("b").data<float>()[3], 1.0f);
    EXPECT_EQ(f.read("a").data<float>()[0], 2.0f);
    EXPECT_EQ(f.read("c").data<float>()[1], 3.0f);
    EXPECT_THROW(f.read("d"), CheckpointError);
  }
}

std::string refusal(const TempFolder& folder) {
  return message_of<CheckpointError>([&] { CheckpointFolder::open(folder.path()); });
}

TEST(CheckpointFolder, RefusesPickleAndSaysHowToConvert) {
  const TempFolder folder;
  EXPECT_NE(refusal(folder).find("no model.safetensors"), std::string::npos);
  folder.write("pytorch_model.bin", "x");
  EXPECT_NE(refusal(folder).find("safe_serialization=True"), std::string::npos);
  EXPECT_THROW(CheckpointFolder::open(folder / "pytorch_model.bin"), CheckpointError);
  EXPECT_THROW(CheckpointFolder::open(folder / "nowhere"), CheckpointError);
}

TEST(CheckpointFolder, IndexAndShardsMustAgree) {
  const auto with_index = [](const std::string& map, const std::string& size) {
    return "{\"metadata\":{\"total_size\":" + size + "},\"weight_map\":{" + map + "}}";
  };
  const std::string b = R"("b":"model-00001-of-00003.safetensors")",
                    a = R"("a":"model-00002-of-00003.safetensors")",
                    c = R"("c":"model-00003-of-00003.safetensors")";
  const struct {
    std::string index;
    const char* message;
  } cases[] = {
      {"{}", "weight_map"},
      {"[", "not valid JSON"},
      {with_index("", "0"), "empty"},
      {with_index(b + "," + a + "," + c, "41"), "total_size is 41"},
      {with_index(b + "," + a + "," + c, "-1"), "total_size must be"},
      {with_index(b + "," + a + "," + c + R"(,"d":"model-00001-of-00003.safetensors")", "40"),
       "'d' is listed"},
      {with_index(b + "," + a + R"(,"c":"model-00001-of-00003.safetensors")", "40"),
       "'c' is listed in model-00001-of-00003.safetensors"},
      {with_index(b + "," + b + "," + a + "," + c, "40"), "twice"},
      {with_index(b + "," + a + "," + c + R"(,"d":"model-00009-of-00003.safetensors")", "40"),
       "shard is missing"},
      {with_index(b + "," + a + R"(,"c":"../model-00003-of-00003.safetensors")", "40"), "plain name"},
      {with_index(b + "," + a + R"(,"c":3)", "40"), "must be a file name"},
      {with_index(b + "," + a + R"(,"c":"pytorch_model-00001-of-00002.bin")", "40"), "pickle"},
  };
  for (const auto& x : cases) {
    SCOPED_TRACE(x.index);
    const TempFolder folder;
    write_model(folder.path(), 16);
    folder.write("model.safetensors.index.json", x.index);
    const std::string message = refusal(folder);
    EXPECT_NE(message.find(x.message), std::string::npos) << message;
  }
  const TempFolder extra;  // a shard holds a tensor that the index does not list
  write_model(extra.path(), 16);
  SafetensorsWriter w(extra / "model-00001-of-00003.safetensors",
                      {{"b", DType::f32, {4}}, {"more", DType::f32, {1}}});
  w.write("b", Array::zeros({4}, DType::f32));
  w.write("more", Array::zeros({1}, DType::f32));
  w.finish();
  EXPECT_NE(refusal(extra).find("'more' of model-00001-of-00003.safetensors is not listed"),
            std::string::npos);
}

TEST(CheckpointFolder, ReadsReferenceShards) {
  const auto path = genesis::testing::shared_path("golden/tiny_qwen15_gqa");
  if (!path) return;
  const auto f = CheckpointFolder::open(*path);
  EXPECT_EQ(f.files().size(), 3u);
  EXPECT_EQ(f.at("model.embed_tokens.weight").shape, (Shape{323, 80}));
}

}  // namespace
}  // namespace genesis::models
