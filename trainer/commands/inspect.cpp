#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "autograd/autocast.h"
#include "autograd/grad_mode.h"
#include "models/safetensors/durable_file.h"
#include "models/safetensors/file.h"
#include "trainer/commands/commands.h"
#include "trainer/commands/model_options.h"
#include "trainer/inspect/attention_maps.h"
#include "trainer/inspect/checkpoint_summary.h"
#include "trainer/inspect/model_summary.h"

namespace genesis::trainer {
namespace {

/// Logits of every position, [T, V], as JSON; in f32.
void print_logits(const std::string& path, const std::vector<int64_t>& ids) {
  use_threads(0);
  const auto model = models::QwenModel::from_folder(path, DType::f32);
  model->eval();
  const no_grad quiet;
  const Tensor logits = (*model)(Tensor(Array::from(ids, {1, int64_t(ids.size())})));
  const int64_t v = logits.size(2);
  nlohmann::json rows = nlohmann::json::array();
  for (size_t t = 0; t < ids.size(); ++t) {
    const float* row = logits.value().data<float>() + int64_t(t) * v;
    rows.push_back(std::vector<float>(row, row + v));
  }
  fmt::print("{}\n", nlohmann::json{{"ids", ids}, {"logits", rows}}.dump());
}

void add_attention(CLI::App& inspect, CommandContext& context) {
  struct Options {
    ModelArguments model;
    std::string prompt, out;
    bool raw = false;
  };
  const auto o = std::make_shared<Options>();
  auto* command = inspect.add_subcommand("attention", "Draw what every head looks at, as an HTML page");
  add_model_options(*command, o->model);
  command->add_option("--prompt", o->prompt, "the text")->required();
  command->add_option("--out", o->out, "the HTML file to write")->required();
  command->add_flag("--raw", o->raw, "the text as it is, without the chat's markup");
  command->callback([o, &context] {
    context.run([o] {
      LoadedModel model = open_model(o->model);
      models::write_text_file(o->out, attention_page(model, o->prompt, o->raw));
      const auto& c = model.model->config();
      fmt::print("{}: {} layers of {} heads\n", o->out, c.n_layer, c.n_head);
    });
  });
}

}  // namespace

void add_inspect(CLI::App& program, CommandContext& context) {
  struct Options {
    std::string path;
    std::vector<int64_t> logits;
    bool tensors = false, json = false, lenient = false;
  };
  const auto o = std::make_shared<Options>();
  auto* command = program.add_subcommand(
      "inspect",
      "Say what a model or checkpoint is: shape, parameters, stored tensors, where its run stands");
  command->add_option("model,--model", o->path,
                      "model folder, a run's output folder, config.json or a model YAML");
  command->add_flag("--tensors", o->tensors, "list every tensor");
  command->add_flag("--json", o->json, "one JSON object with every tensor");
  command->add_option("--logits", o->logits, "token ids: print the logits of every position as JSON, in f32")
      ->delimiter(',');
  add_lenient_option(*command, o->lenient);
  add_attention(*command, context);
  command->callback([o, command, &context] {
    if (!command->get_subcommands().empty()) return;
    if (o->path.empty()) throw CLI::RequiredError("model");
    context.run([o] {
      const models::LenientReading reading(o->lenient);
      if (!o->logits.empty()) return print_logits(o->path, o->logits);
      const ModelSummary summary = summarise_model(o->path);
      fmt::print("{}", o->json ? summary_json(summary) : summary_text(summary, o->tensors));
      if (!o->json) fmt::print("{}", checkpoint_text(summary.path, o->tensors));
    });
  });
}

}  // namespace genesis::trainer
