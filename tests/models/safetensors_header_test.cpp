#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "kernels/core/rng.h"
#include "models/safetensors/file.h"
#include "models/safetensors/header.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace genesis::models {
namespace {

using genesis::testing::message_of;

/// A file with this header text and `data_bytes` zero bytes behind it.
std::string file_of(const std::string& header, size_t data_bytes) {
  std::string s(8, '\0');
  const uint64_t n = header.size();
  std::memcpy(s.data(), &n, 8);
  return s + header + std::string(data_bytes, '\0');
}

SafetensorsHeader parse(const std::string& bytes) {
  return parse_safetensors_header(bytes, int64_t(bytes.size()), "f.safetensors");
}

std::string tensor(const std::string& name, const std::string& body) {
  return fmt::format("\"{}\":{{{}}}", name, body);
}

std::string in_braces(const std::string& body) { return fmt::format("{{{}}}", body); }

TEST(SafetensorsHeader, AcceptsWhatTheFormatAllows) {
  EXPECT_TRUE(parse(file_of("{}", 0)).tensors.empty());
  EXPECT_EQ(parse(file_of(R"({"__metadata__":{"format":"pt"}}  )", 0)).metadata.at("format"), "pt");
  EXPECT_TRUE(parse(file_of(R"({"__metadata__":null})", 0)).metadata.empty());
  // header order is free, rank 0 is one element, extents of 0 are legal
  const auto h = parse(file_of(R"({"b":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},)"
                               R"("s":{"shape":[],"data_offsets":[0,4],"dtype":"F32"},)"
                               R"("z":{"dtype":"F64","shape":[0,5],"data_offsets":[16,16]}})",
                               16));
  ASSERT_EQ(h.tensors.size(), 3u);
  EXPECT_EQ(h.tensors[0].name, "s");
  EXPECT_EQ(h.tensors[1].shape, (Shape{2, 3}));
  EXPECT_EQ(h.tensors[1].type->dtype, DType::bf16);
  EXPECT_EQ(h.tensors[2].shape, (Shape{0, 5}));
  // sub-byte totals must be whole bytes
  EXPECT_EQ(parse(file_of(in_braces(tensor("x", R"("dtype":"F4","shape":[4],"data_offsets":[0,2])")), 2))
                .tensors.size(),
            1u);
  // the reference multiplies left to right: a leading zero makes any later extent harmless
  EXPECT_EQ(parse(file_of(in_braces(tensor(
                              "x", R"("dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0])")),
                          0))
                .tensors.size(),
            1u);
}

struct Malformed {
  const char* what;
  std::string bytes;
  const char* message;  // a part the error must contain
};

std::vector<Malformed> corpus() {
  const auto one = [](const std::string& body, size_t data) {
    return file_of(in_braces(tensor("w", body)), data);
  };
  const std::string good = R"("dtype":"F32","shape":[2],"data_offsets":[0,8])";
  std::string deep = "{\"w\":";
  for (int i = 0; i < 100000; ++i) deep += '[';
  return {
      {"empty file", "", "truncated"},
      {"seven bytes", std::string(7, '\0'), "truncated"},
      {"header longer than the file", std::string("\x40\0\0\0\0\0\0\0{}", 10), "truncated"},
      {"absurd header length", std::string("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10), "limit"},
      {"empty header", file_of("", 0), "begin"},
      {"leading space", file_of(" {}", 0), "begin"},
      {"an array on top", file_of("[]", 0), "begin"},
      {"byte order mark", file_of("\xEF\xBB\xBF{}", 0), "begin"},
      {"cut JSON", file_of("{\"w\":{", 0), "not valid JSON"},
      {"text after the object", file_of("{} x", 0), "not valid JSON"},
      {"NUL padding", file_of(std::string("{}\0\0", 4), 0), "NUL"},
      {"raw control character", file_of("{\"a\x01\":{}}", 0), "not valid JSON"},
      {"overlong UTF-8", file_of("{\"\xC0\x80\":{}}", 0), "not valid JSON"},
      {"lone surrogate", file_of(R"({"\ud800":{}})", 0), "not valid JSON"},
      {"bytes that are not UTF-8", file_of("{\"\xff\":{}}", 0), "not valid JSON"},
      {"depth bomb", file_of(deep, 0), "'w' must be an object"},
      {"deep metadata", file_of(R"({"__metadata__":{"a":{"b":1}}})", 0), "__metadata__ 'a'"},
      {"number in metadata", file_of(R"({"__metadata__":{"a":1}})", 0), "__metadata__ 'a'"},
      {"metadata twice", file_of(R"({"__metadata__":{},"__metadata__":{}})", 0), "twice"},
      {"metadata key twice", file_of(R"({"__metadata__":{"a":"x","a":"y"}})", 0), "twice"},
      {"name twice", file_of(in_braces(tensor("w", good) + "," + tensor("w", good)), 8), "'w' appears twice"},
      {"name twice by escape", file_of(in_braces(tensor("w", good) + "," + tensor("\\u0077", good)), 8),
       "'w' appears twice"},
      {"field twice", one(R"("dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8])", 8), "twice"},
      {"field missing", one(R"("dtype":"F32","shape":[2])", 8), "'w': data_offsets is missing"},
      {"field unknown", one(good + R"(,"x":1)", 8), "'x' is unknown"},
      {"tensor as an array", file_of(R"({"w":["F32",[2],[0,8]]})", 8), "'w' must be an object"},
      {"tensor null", file_of(R"({"w":null})", 0), "'w' must be an object"},
      {"dtype unknown", one(R"("dtype":"f32","shape":[2],"data_offsets":[0,8])", 8),
       "dtype 'f32' is unknown"},
      {"dtype as an object", one(R"("dtype":{"F32":null},"shape":[2],"data_offsets":[0,8])", 8),
       "dtype may not"},
      {"float extent", one(R"("dtype":"F32","shape":[2.0],"data_offsets":[0,8])", 8), "shape may not hold"},
      {"exponent extent", one(R"("dtype":"F32","shape":[2e0],"data_offsets":[0,8])", 8),
       "shape may not hold"},
      {"minus zero", one(R"("dtype":"F32","shape":[-0],"data_offsets":[0,0])", 0), "shape may not hold"},
      {"leading zero", one(R"("dtype":"F32","shape":[02],"data_offsets":[0,8])", 8), "not valid JSON"},
      {"two to the 64", one(R"("dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8])", 8),
       "shape may not hold"},
      {"extent beyond 63 bits",
       one(R"("dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8])", 8), "out of range"},
      {"product overflows", one(R"("dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0])", 0),
       "overflows"},
      {"bits overflow", one(R"("dtype":"F64","shape":[1152921504606846976],"data_offsets":[0,0])", 0),
       "overflows"},
      {"three offsets", one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8,8])", 8), "has 3 numbers"},
      {"offsets backwards", one(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])", 8), "backwards"},
      {"shape against size", one(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])", 8), "is 12 bytes"},
      {"half bytes", one(R"("dtype":"F4","shape":[3],"data_offsets":[0,2])", 2), "whole bytes"},
      {"offset beyond the file", one(R"("dtype":"F32","shape":[4],"data_offsets":[0,16])", 8), "truncated"},
      {"one byte short", one(good, 7), "truncated"},
      {"one byte more", one(good, 9), "left over"},
      {"first tensor not at 0", one(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])", 8), "hole"},
      {"hole",
       file_of(in_braces(tensor("a", R"("dtype":"U8","shape":[2],"data_offsets":[0,2])") + "," +
                         tensor("b", R"("dtype":"U8","shape":[2],"data_offsets":[3,5])")),
               5),
       "hole"},
      {"overlap",
       file_of(in_braces(tensor("a", R"("dtype":"U8","shape":[2],"data_offsets":[0,2])") + "," +
                         tensor("b", R"("dtype":"U8","shape":[2],"data_offsets":[1,3])")),
               3),
       "overlap"},
      {"path as a name", file_of(in_braces(tensor("../w", good)), 8), "'../'"},
      {"NUL in a name", file_of(in_braces(tensor("\\u0000", good)), 8), "NUL"},
  };
}

TEST(SafetensorsHeader, RefusesEachKindOfDamageByName) {
  const genesis::testing::TempFolder folder;
  for (const auto& m : corpus()) {
    SCOPED_TRACE(m.what);
    const auto path = folder.write("bad.safetensors", m.bytes);
    const std::string message = message_of<CheckpointError>([&] { SafetensorsFile::open(path); });
    EXPECT_NE(message.find(m.message), std::string::npos) << message;
    EXPECT_NE(message.find(path.string()), std::string::npos) << message;
  }
}

TEST(SafetensorsHeader, LenientReadsWhatTheReferenceReaderAccepts) {
  const std::string good = R"("dtype":"F32","shape":[2],"data_offsets":[0,8])";
  const auto one = [](const std::string& body) { return file_of(in_braces(tensor("w", body)), 8); };
  struct Case {
    const char* what;
    std::string bytes;
    const char* warning;  // a part of the one warning
    const char* name = "w";
  };
  const std::vector<Case> cases{
      {"leading space", file_of(" \n" + in_braces(tensor("w", good)), 8), "white space"},
      {"name twice", file_of(in_braces(tensor("w", good) + "," + tensor("w", good)), 8), "stands twice"},
      {"name twice by escape", file_of(in_braces(tensor("w", good) + "," + tensor("\\u0077", good)), 8),
       "stands twice"},
      {"metadata key twice",
       file_of(in_braces(R"("__metadata__":{"a":"x","a":"y"},)" + tensor("w", good)), 8), "__metadata__"},
      {"field unknown", one(good + R"(,"x":{"y":[1,{"z":null}],"u":"v"})"), "'x' is unknown"},
      {"unknown scalar before the others", one(R"("x":true,)" + good), "'x' is unknown"},
      {"tensor as a list", file_of(R"({"w":["F32",[2],[0,8]]})", 8), "written as a list"},
      {"dtype as an object", one(R"("dtype":{"F32":null},"shape":[2],"data_offsets":[0,8])"),
       "written as an object"},
      {"path as a name", file_of(in_braces(tensor("../w", good)), 8), "'../'", "../w"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_THROW(parse(c.bytes), CheckpointError);
    const auto h =
        parse_safetensors_header(c.bytes, int64_t(c.bytes.size()), "f.safetensors", Strictness::lenient);
    ASSERT_EQ(h.tensors.size(), 1u);
    EXPECT_EQ(h.tensors[0].name, c.name);
    EXPECT_EQ(h.tensors[0].type->dtype, DType::f32);
    EXPECT_EQ(h.tensors[0].shape, (Shape{2}));
    EXPECT_EQ(h.tensors[0].end, 8);
    ASSERT_EQ(h.warnings.size(), 1u);
    EXPECT_NE(h.warnings[0].find(c.warning), std::string::npos) << h.warnings[0];
    EXPECT_EQ(h.warnings[0].substr(0, 15), "f.safetensors: ");
  }
  // the last of two counts, as in the reference reader
  const std::string other = R"("dtype":"I32","shape":[1,2],"data_offsets":[0,8])";
  const std::string twice = file_of(in_braces(tensor("w", good) + "," + tensor("w", other)), 8);
  EXPECT_EQ(parse_safetensors_header(twice, int64_t(twice.size()), "f", Strictness::lenient).tensors[0].shape,
            (Shape{1, 2}));
}

TEST(SafetensorsHeader, LenientRefusesTheRestAllTheSame) {
  const std::set<std::string_view> passes{"leading space",        "metadata key twice", "name twice",
                                          "name twice by escape", "field unknown",      "tensor as an array",
                                          "dtype as an object",   "path as a name",     "NUL in a name"};
  for (const auto& m : corpus()) {
    SCOPED_TRACE(m.what);
    const auto read = [&] {
      parse_safetensors_header(m.bytes, int64_t(m.bytes.size()), "f", Strictness::lenient);
    };
    if (passes.contains(m.what)) {
      EXPECT_NO_THROW(read());
    } else {
      EXPECT_THROW(read(), CheckpointError);
    }
  }
}

TEST(SafetensorsHeader, LenientReadingLastsAsLongAsItsScope) {
  const genesis::testing::TempFolder folder;
  const auto path =
      folder.write("w.safetensors", file_of(R"( {"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8));
  EXPECT_THROW(SafetensorsFile::open(path), CheckpointError);
  {
    const LenientReading scope;
    const LenientReading unwanted(false);
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(SafetensorsFile::open(path).tensors().size(), 1u);
    EXPECT_NE(::testing::internal::GetCapturedStderr().find("white space"), std::string::npos);
  }
  EXPECT_THROW(SafetensorsFile::open(path), CheckpointError);
}

TEST(SafetensorsHeader, EveryTruncationIsRefused) {
  const std::string whole =
      file_of(in_braces(tensor("w", R"("dtype":"F32","shape":[2],"data_offsets":[0,8])")), 8);
  ASSERT_EQ(parse(whole).tensors.size(), 1u);
  for (size_t n = 0; n < whole.size(); ++n) {
    EXPECT_THROW(parse(whole.substr(0, n)), CheckpointError) << n << " bytes";
  }
}

TEST(SafetensorsHeader, DamagedFilesAreReadOrRefusedNeverMore) {
  const std::string whole =
      file_of(R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
              R"("b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}})",
              32);
  ASSERT_EQ(parse(whole).tensors.size(), 2u);
  int refused = 0;
  const int runs = 20000;
  for (int run = 0; run < runs; ++run) {
    std::string bytes = whole;
    for (uint64_t edit = 0; edit <= uint64_t(run % 3); ++edit) {
      const auto w = philox(7, uint64_t(run), edit);
      const size_t at = w[0] % bytes.size();
      if (w[1] % 3 == 0) bytes[at] = char(w[2]);
      if (w[1] % 3 == 1) bytes[at] = "{}[]\",:0123456789"[w[2] % 18];
      if (w[1] % 3 == 2) bytes.erase(at, 1 + w[2] % 4);
      if (bytes.size() < 8) break;
    }
    try {
      const auto header = parse(bytes);
      int64_t at = 0;
      for (const auto& t : header.tensors) {
        EXPECT_EQ(t.begin, at);
        at = t.end;
      }
      EXPECT_EQ(header.data_begin + at, int64_t(bytes.size()));
    } catch (const CheckpointError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, runs / 2);
}

}  // namespace
}  // namespace genesis::models
