// A model folder with one thing wrong: one error that names file, tensor and both values, and a model that
// was there before is unchanged.
#include <gtest/gtest.h>

#include <fstream>

#include "data/tokenizer/tiktoken_file.h"
#include "models/generation/generate.h"
#include "models/qwen/pretrained.h"
#include "models/safetensors/folder.h"
#include "models/safetensors/writer.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_tokenizer.h"

namespace genesis::models {
namespace {

namespace fs = std::filesystem;
using genesis::testing::message_of;

constexpr const char* kShard = "model-00001-of-00001.safetensors";

class HostileFolder : public ::testing::Test {
 protected:
  HostileFolder()
      : config_{.vocab_size = 640, .n_layer = 2, .n_head = 2, .n_embd = 16, .max_seq_len = 64, .dropout = 0} {
    QwenModel(config_, DType::f32, 1).save(folder_.path());
    data::write_tiktoken(genesis::testing::tiny_tokenizer().vocabulary(), folder_ / "qwen.tiktoken");
  }

  /// Writes the weights again, as `change` leaves the list of tensors.
  void rewrite(const std::function<void(std::vector<TensorToWrite>&)>& change) {
    std::vector<TensorToWrite> tensors;
    {
      const auto now = CheckpointFolder::open(folder_.path());
      for (const auto& name : now.names()) tensors.push_back({name, DType::f32, now.at(name).shape});
    }
    change(tensors);
    SafetensorsWriter w(folder_ / "model.safetensors", tensors);
    for (const auto& t : tensors)
      w.write(t.name, Array::zeros(t.shape, t.dtype == DType::i32 ? DType::i32 : DType::f32));
    w.finish();
  }

  /// Loading is refused with every part in the message, into a new model and into one that is there.
  template <class E = CheckpointError>
  void expect_refused(const std::vector<std::string>& parts) {
    const std::string message = message_of<E>([&] { load_pretrained_model(folder_.path(), DType::f32); });
    for (const auto& part : parts)
      EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' in: " << message;
    EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 0) << message;
    const QwenModel before(config_, DType::f32, 2);
    QwenModel model(config_, DType::f32, 2);
    EXPECT_THROW(model.load(folder_.path()), Error);
    const auto a = before.named_parameters(), b = model.named_parameters();
    for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].second.tolist(), b[i].second.tolist()) << a[i].first;
  }

  genesis::testing::TempFolder folder_;
  QwenConfig config_;
};

TEST_F(HostileFolder, MissingShard) {
  fs::remove(folder_ / "model.safetensors");
  std::ofstream(folder_ / "model.safetensors.index.json")
      << R"({"metadata": {"total_size": 4}, "weight_map": {"transformer.wte.weight": ")" << kShard << "\"}}";
  expect_refused({(folder_ / kShard).string(), "missing", "'transformer.wte.weight'"});
}

TEST_F(HostileFolder, ShapeThatDoesNotFitTheConfig) {
  rewrite([](auto& tensors) {
    for (auto& t : tensors)
      if (t.name == "transformer.h.1.attn.c_attn.weight") t.shape = {48, 17};
  });
  expect_refused({folder_.path().string(), "transformer.h.1.attn.c_attn.weight", "[48, 17]", "[48, 16]"});
}

TEST_F(HostileFolder, MissingAndUnexpectedTensors) {
  rewrite([](auto& tensors) {
    for (auto& t : tensors)
      if (t.name == "transformer.ln_f.weight") t.name = "transformer.ln_g.weight";
  });
  expect_refused({"1 missing: transformer.ln_f.weight", "1 unexpected: transformer.ln_g.weight"});
}

TEST_F(HostileFolder, WrongDtype) {
  rewrite([](auto& tensors) {
    for (auto& t : tensors)
      if (t.name == "transformer.h.0.ln_1.weight") t.dtype = DType::i32;
  });
  expect_refused({(folder_ / "model.safetensors").string(), "'transformer.h.0.ln_1.weight'", "I32"});
}

TEST_F(HostileFolder, TruncatedFile) {
  const auto file = folder_ / "model.safetensors";
  const auto size = fs::file_size(file);
  fs::resize_file(file, size - 5);
  expect_refused({file.string(), "truncated", "the data area has"});
  fs::resize_file(file, 100);
  expect_refused({file.string(), "truncated", "the file 100"});
}

TEST_F(HostileFolder, DuplicateTensor) {
  const auto file = folder_ / "model.safetensors";
  std::string bytes;
  {
    std::ifstream in(file, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  const std::string one = "transformer.h.0.ln_1.weight", other = "transformer.h.1.ln_1.weight";
  bytes.replace(bytes.find(one), one.size(), other);
  std::ofstream(file, std::ios::binary) << bytes;
  expect_refused({file.string(), "'" + other + "' appears twice"});
}

TEST_F(HostileFolder, ATokenizerThatDoesNotBelong) {
  config_.vocab_size = 100;
  QwenModel(config_, DType::f32, 1).save(folder_.path());
  const auto text = message_of<ConfigError>([&] { load_pretrained_model(folder_.path(), DType::f32); });
  const auto tokens = std::to_string(genesis::testing::tiny_tokenizer().vocab_size());
  EXPECT_NE(text.find("the tokenizer has " + tokens + " tokens"), std::string::npos) << text;
  EXPECT_NE(text.find("vocab_size 100"), std::string::npos) << text;
}

TEST_F(HostileFolder, IdsOutOfRange) {
  const auto loaded = load_pretrained_model(folder_.path(), DType::f32);
  std::string text = message_of<Error>([&] { (*loaded.model)(tensor({{1, 640}})); });
  EXPECT_NE(text.find("640"), std::string::npos) << text;
  text = message_of<Error>([&] { generate(*loaded.model, {{1}, {5, -1}}, {.max_new_tokens = 1}); });
  EXPECT_NE(text.find("prompt 1 holds token -1, outside the vocabulary of 640"), std::string::npos) << text;
}

}  // namespace
}  // namespace genesis::models
