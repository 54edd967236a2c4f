// Genesis in its everyday words: a Qwen model, a forward pass, training, mixed precision, gradient
// checkpointing, generation, and a model folder loaded by name. Every part prints what it did.
//   qwen_example [FOLDER]      FOLDER takes the model that is saved and loaded again; default: here
#include <genesis/genesis.h>

#include <cstdlib>
#include <iostream>

namespace nn = genesis::nn;
namespace optim = genesis::optim;
using genesis::Tensor;
using genesis::data::Tokenizer;
using genesis::models::QwenConfig;
using genesis::models::QwenModel;

struct Batch {
  Tensor input_ids, labels;  // [batch_size, seq_len]
};

const std::vector<std::string> kTexts = {
    "Today's weather is fine: the sun is out and the wind is gone.<|endoftext|>",
    "The quick brown fox jumps over the lazy dog.<|endoftext|>",
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n"
    "Explain standard multi-head attention<|im_end|>\n<|im_start|>assistant\n"
    "Every head looks at the text in its own way.<|im_end|>\n"};

Tokenizer train_tokenizer() {
  auto vocabulary = genesis::data::train_bpe(kTexts, {.vocab_size = 320});
  genesis::data::SpecialTokens specials(genesis::data::TokenizerFamily::qwen1, vocabulary.size());
  return {std::move(vocabulary), std::move(specials)};
}

/// Each text as a batch of one: the label of a token is the token that follows.
std::vector<Batch> load_data(const Tokenizer& tokenizer) {
  std::vector<Batch> batches;
  for (const std::string& text : kTexts) {
    const auto ids = tokenizer.encode(text);
    const std::vector<int32_t> inputs(ids.begin(), ids.end() - 1), next(ids.begin() + 1, ids.end());
    batches.push_back({genesis::tensor({inputs}), genesis::tensor({next})});
  }
  return batches;
}

Tensor criterion(const Tensor& logits, const Tensor& labels) {
  return nn::functional::cross_entropy(logits.view({-1, logits.size(-1)}), labels.view({-1}));
}

void basic_inference() {
  // Create model configuration
  QwenConfig config{.vocab_size = 1000, .n_layer = 2, .n_head = 4, .n_embd = 64, .max_seq_len = 128};

  // Create model
  QwenModel model(config);

  // Inference
  Tensor input_ids = genesis::tensor({{1, 2, 3, 4, 5}});  // [batch_size, seq_len]
  Tensor output = model(input_ids);
  std::cout << "Output shape: " << genesis::to_string(output.shape()) << "\n";  // [1, 5, 1000]
}

/// Passes over the data with the plain training loop; returns the mean loss of the last one.
double train(QwenModel& model, const std::vector<Batch>& dataloader, int epochs) {
  // Create optimizer
  optim::AdamW optimizer(model.parameters(), {.lr = 3e-3, .weight_decay = 0.01});

  // Training loop
  double mean = 0;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    mean = 0;
    for (const auto& [input_ids, labels] : dataloader) {
      // Forward pass
      Tensor logits = model(input_ids);

      // Calculate loss
      Tensor loss = nn::functional::cross_entropy(logits.view({-1, logits.size(-1)}), labels.view({-1}));

      // Backward pass
      optimizer.zero_grad();
      loss.backward();

      // Gradient clipping
      nn::utils::clip_grad_norm_(model.parameters(), /*max_norm=*/1.0);

      // Parameter update
      optimizer.step();
      mean += loss.item() / double(dataloader.size());
    }
    if (epoch == 0) std::cout << "Loss of the first epoch: " << mean << "\n";
  }
  std::cout << "Loss of the last epoch: " << mean << "\n";
  return mean;
}

void mixed_precision(QwenModel& model, const Batch& batch) {
  optim::AdamW optimizer(model.parameters(), {.lr = 1e-4});
  optimizer.zero_grad();

  // Enable mixed precision
  genesis::enable_autocast = true;

  Tensor loss;
  {
    genesis::autocast guard;
    Tensor logits = model(batch.input_ids);
    std::cout << "Logits under autocast: " << genesis::name_of(logits.dtype()) << "\n";
    loss = criterion(logits, batch.labels);
  }

  // Gradient scaling
  genesis::GradScaler scaler;
  scaler.scale(loss).backward();
  const bool stepped = scaler.step(optimizer);
  scaler.update();
  std::cout << "Scaled step taken: " << (stepped ? "yes" : "no") << "\n";
}

std::vector<std::vector<float>> gradients(QwenModel& model, const Batch& batch) {
  model.zero_grad();
  genesis::manual_seed(7);  // the same dropout both times
  criterion(model(batch.input_ids), batch.labels).backward();
  std::vector<std::vector<float>> all;
  for (const Tensor& p : model.parameters()) all.push_back(Tensor(p.grad()).tolist<float>());
  return all;
}

bool gradient_checkpointing(QwenModel& model, const Batch& batch) {
  const auto plain = gradients(model, batch);

  // Enable gradient checkpointing to save memory
  model.gradient_checkpointing(true);

  const bool same = gradients(model, batch) == plain;
  model.gradient_checkpointing(false);
  std::cout << "Gradients with checkpointing: " << (same ? "bit-identical" : "DIFFERENT") << "\n";
  return same;
}

std::string generate_text(QwenModel& model, const Tokenizer& tokenizer, const std::string& prompt,
                          int max_length = 100) {
  auto input_ids = tokenizer.encode(prompt);
  Tensor input_tensor = genesis::tensor({input_ids});

  genesis::no_grad guard;
  for (int i = 0; i < max_length; ++i) {
    Tensor logits = model(input_tensor);
    Tensor next_token = logits[0][-1].argmax();
    input_tensor = genesis::cat({input_tensor, next_token.unsqueeze(0).unsqueeze(0)}, /*dim=*/1);

    if (next_token.item() == tokenizer.eos_token_id()) break;
  }
  return tokenizer.decode(input_tensor[0].tolist<int32_t>());
}

/// Writes a folder as the model's makers lay it out, so that it can be loaded by size and variant.
void save(const QwenModel& model, const Tokenizer& tokenizer, const std::filesystem::path& models) {
  model.save(models / "Qwen-7B-Chat");
  genesis::data::write_tiktoken(tokenizer.vocabulary(), models / "Qwen-7B-Chat/qwen.tiktoken");
  setenv("GENESIS_MODELS", models.c_str(), 1);
}

void pretrained() {
  // Load Qwen1 model
  auto [model, tokenizer, config] = genesis::models::load_qwen1("7B", "chat", genesis::Device::cpu);
  std::cout << "Loaded: " << config.n_layer << " layers, " << tokenizer.vocab_size() << " tokens\n";

  // Generate text
  genesis::models::TextGenerator generator(*model, tokenizer);
  generator.config.max_new_tokens = 40;

  std::string response = generator.chat("Explain standard multi-head attention");
  std::cout << "Answer: " << response << "\n";
}

int main(int argc, char** argv) try {
  basic_inference();

  const Tokenizer tokenizer = train_tokenizer();
  const auto dataloader = load_data(tokenizer);
  QwenModel model({.vocab_size = tokenizer.vocab_size(), .n_layer = 2, .n_head = 4, .n_embd = 64});
  const double loss = train(model, dataloader, 120);
  mixed_precision(model, dataloader[0]);
  const bool same = gradient_checkpointing(model, dataloader[0]);

  // Usage example
  model.eval();
  std::string generated = generate_text(model, tokenizer, "Today's weather");
  std::cout << "Generated: " << generated << "\n";

  save(model, tokenizer, argc > 1 ? argv[1] : ".");
  pretrained();
  return loss < 0.5 && same ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const genesis::Error& error) {
  std::cerr << "qwen_example: " << error.what() << "\n";
  return EXIT_FAILURE;
}
