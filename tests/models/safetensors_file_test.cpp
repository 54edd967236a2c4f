#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>

#include "models/safetensors/file.h"
#include "models/safetensors/writer.h"
#include "tests/support/error_message.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"

namespace genesis::models {
namespace {

using genesis::testing::message_of;
using genesis::testing::TempFolder;

std::string contents(const std::filesystem::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Array counting(Shape shape) {
  std::vector<float> v(size_t(numel_of(shape)));
  for (size_t i = 0; i < v.size(); ++i) v[i] = float(i) + 0.25f;
  return Array::from(v, std::move(shape));
}

std::filesystem::path write_example(const TempFolder& folder) {
  SafetensorsWriter w(folder / "a.safetensors",
                      {{"odd", DType::u8, {3}},
                       {"m", DType::f32, {4, 3}},
                       {"h", DType::bf16, {4, 3}},
                       {"ids", DType::i32, {2}}},
                      {{"format", "pt"}});
  w.write("m", counting({4, 3}));
  w.write("h", counting({4, 3}));
  w.write("odd", Array::from<uint8_t>({7, 8, 9}, {3}));
  w.write("ids", Array::from<int32_t>({-1, 5}, {2}));
  w.finish();
  return folder / "a.safetensors";
}

TEST(SafetensorsFile, RoundTripKeepsValuesTypesAndMetadata) {
  const TempFolder folder;
  const auto f = SafetensorsFile::open(write_example(folder));
  EXPECT_EQ(f.metadata().at("format"), "pt");
  ASSERT_EQ(f.tensors().size(), 4u);
  const Array m = f.read("m");
  for (int64_t i = 0; i < 12; ++i) EXPECT_EQ(m.data<float>()[i], float(i) + 0.25f);
  EXPECT_EQ(float(f.read("h").data<bf16>()[11]), 11.25f);
  EXPECT_EQ(f.read("odd").data<uint8_t>()[2], 9);
  EXPECT_EQ(f.read("ids").data<int32_t>()[0], -1);
  // widest type first: every tensor lies on a multiple of its own size
  for (const auto& t : f.tensors()) EXPECT_EQ(t.begin % (t.type->bits / 8), 0) << t.name;
  // the same tensors give the same bytes
  const std::string first = contents(f.path());
  write_example(folder);
  EXPECT_EQ(contents(f.path()), first);
}

TEST(SafetensorsFile, ConvertsBetweenFloats) {
  const TempFolder folder;
  const std::vector<float> values{1.0f,     -2.5f, 3.14159f,
                                  65504.0f, 1e-8f, std::numeric_limits<float>::infinity()};
  SafetensorsWriter w(folder / "c.safetensors",
                      {{"f16", DType::f16, {6}}, {"bf16", DType::bf16, {6}}, {"f64", DType::f64, {6}}});
  for (const char* name : {"f16", "bf16", "f64"}) w.write(name, Array::from(values, {6}));
  w.finish();
  const auto f = SafetensorsFile::open(folder / "c.safetensors");
  Array as_f32 = Array::empty({6}, DType::f32), as_bf16 = Array::empty({6}, DType::bf16);
  for (size_t i = 0; i < values.size(); ++i) {
    f.read_into("f16", as_f32);
    EXPECT_EQ(as_f32.data<float>()[i], float(f16(values[i])));
    f.read_into("bf16", as_f32);
    EXPECT_EQ(as_f32.data<float>()[i], float(bf16(values[i])));
    f.read_into("f64", as_bf16);
    EXPECT_EQ(float(as_bf16.data<bf16>()[i]), float(bf16(values[i])));
  }
}

TEST(SafetensorsFile, ReadsBoxesIntoViews) {
  const TempFolder folder;
  const auto f = SafetensorsFile::open(write_example(folder));
  Array fused = Array::zeros({6, 3}, DType::f32);
  f.read_into("m", fused.slice(0, 1, 3), {.row_begin = 2, .row_end = 4});
  EXPECT_EQ(fused.data<float>()[2], 0.0f);
  EXPECT_EQ(fused.data<float>()[3], 6.25f);
  EXPECT_EQ(fused.data<float>()[8], 11.25f);
  EXPECT_EQ(fused.data<float>()[9], 0.0f);
  Array columns = Array::zeros({4, 4}, DType::f64);
  f.read_into("h", columns.slice(1, 1, 3), {.column_begin = 1});
  EXPECT_EQ(columns.data<double>()[1], 1.25);
  EXPECT_EQ(columns.data<double>()[4 * 3 + 2], 11.25);
  EXPECT_EQ(columns.data<double>()[4 * 3 + 3], 0.0);
  const auto version = fused.storage().version();
  f.read_into("m", fused.slice(0, 0, 4));
  EXPECT_GT(fused.storage().version(), version);
}

TEST(SafetensorsFile, ErrorsNameFileAndTensor) {
  const TempFolder folder;
  const auto f = SafetensorsFile::open(write_example(folder));
  Array three = Array::empty({3}, DType::f32);
  for (const auto& message : {
           message_of<CheckpointError>([&] { f.read_into("m", three); }),
           message_of<CheckpointError>([&] { f.read_into("ids", Array::empty({2}, DType::f32)); }),
           message_of<CheckpointError>([&] { f.read_into("absent", three); }),
           message_of<CheckpointError>([&] { f.read_into("m", three, {.row_begin = 3, .row_end = 5}); }),
       }) {
    EXPECT_NE(message.find("a.safetensors"), std::string::npos) << message;
    EXPECT_NE(message.find('\''), std::string::npos) << message;
  }
  EXPECT_NE(message_of<CheckpointError>([&] {
              SafetensorsFile::open(folder / "none.safetensors");
            }).find("none.safetensors"),
            std::string::npos);
  EXPECT_THROW(SafetensorsFile::open(folder.path()), CheckpointError);
}

TEST(SafetensorsWriter, PublishesOnlyWhatIsComplete) {
  const TempFolder folder;
  const auto path = write_example(folder);
  const std::string before = contents(path);
  {
    SafetensorsWriter w(path, {{"x", DType::f32, {2}}, {"y", DType::f32, {2}}});
    w.write("x", Array::zeros({2}, DType::f32));
    EXPECT_THROW(w.finish(), Error);                                   // y is missing
    EXPECT_THROW(w.write("x", Array::zeros({2}, DType::f32)), Error);  // twice
    EXPECT_THROW(w.write("z", Array::zeros({2}, DType::f32)), Error);  // undeclared
    EXPECT_THROW(w.write("y", Array::zeros({3}, DType::f32)), Error);  // another shape
  }
  EXPECT_EQ(contents(path), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}),
            1);  // no temporary file is left
  EXPECT_THROW(SafetensorsWriter(folder / "no/such/folder.safetensors", {}), DiskError);
  EXPECT_THROW(SafetensorsWriter(path, {{"x", DType::f32, {2}}, {"x", DType::f32, {2}}}), Error);
}

TEST(SafetensorsFile, ReadsReferenceFiles) {
  for (const char* name : {"golden/tiny_qwen1/model.safetensors", "golden/tiny_qwen3/golden.safetensors"}) {
    const auto path = genesis::testing::shared_path(name);
    if (!path) continue;
    const auto f = SafetensorsFile::open(*path);
    EXPECT_GT(f.tensors().size(), 10u);
    for (const auto& t : f.tensors()) {
      const Array a = f.read(t.name);
      if (a.dtype() != DType::f32) continue;
      for (int64_t i = 0; i < a.numel(); ++i) ASSERT_TRUE(std::isfinite(a.data<float>()[i])) << t.name;
    }
  }
}

}  // namespace
}  // namespace genesis::models
