#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "parallel/mesh.h"
#include "parallel/world.h"
#include "trainer/commands/model_options.h"
#include "trainer/evaluate/dataset_loss.h"
#include "trainer/evaluate/exact_match.h"
#include "trainer/inference/model_ranks.h"

namespace genesis::trainer {
namespace {

using Json = nlohmann::ordered_json;

struct EvalOptions {
  ModelArguments model;
  std::string data, loss_on = "assistant", truncation = "error";
  std::optional<int64_t> max_seq_len;
  bool exact_match = false, json = false;
  int tensor_parallel = 1;
  std::optional<double> min_exact_match;
  ExactMatchOptions questions;
};

void print_table(const ExactMatch& r) {
  for (const WrongAnswer& w : r.wrong)
    fmt::print("{}: {}\n  expected {}\n  got      {}\n", w.where, w.question, w.expected, w.answer);
  for (const auto& [task, score] : r.tasks)
    fmt::print("{:<24} {:6.2f} %  {:>6} of {}\n", task, 100 * score.share(), score.right, score.questions);
  fmt::print("{:<24} {:6.2f} %  {:>6} of {}  ({:.1f} s, {:.0f} tokens/s)\n", "exact match",
             100 * r.all.share(), r.all.right, r.all.questions, r.seconds,
             double(r.new_tokens) / std::max(r.seconds, 1e-9));
}

void print_json(const ExactMatch& r) {
  const auto score_json = [](const Score& s) {
    return Json{{"exact_match", s.share()}, {"right", s.right}, {"questions", s.questions}};
  };
  Json line = score_json(r.all);
  line["tasks"] = Json::object();
  for (const auto& [task, score] : r.tasks) line["tasks"][task] = score_json(score);
  line["wrong"] = Json::array();
  for (const WrongAnswer& w : r.wrong)
    line["wrong"].push_back(
        {{"where", w.where}, {"question", w.question}, {"expected", w.expected}, {"answer", w.answer}});
  line["new_tokens"] = r.new_tokens;
  line["seconds"] = r.seconds;
  fmt::print("{}\n", line.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void eval_exact_match(const EvalOptions& o) {
  ModelRanks ranks;
  LoadedModel model = open_model(o.model, ranks.all(), ranks.split());
  const ExactMatch result = exact_match(model, o.data, o.questions);
  if (ranks.is_first()) o.json ? print_json(result) : print_table(result);
  std::fflush(stdout);
  if (o.min_exact_match && result.all.share() < *o.min_exact_match)
    throw Error(
        fmt::format("{}: exact match {:.4f} is below {}", o.data, result.all.share(), *o.min_exact_match));
}

void eval_loss(const EvalOptions& o) {
  parallel::World world;
  const parallel::Mesh mesh(world.communicator(), {.tensor_parallel = o.tensor_parallel, .order = {}});
  LoadedModel model = open_model(o.model, world.communicator(), {&mesh.tp(), false});
  data::SftOptions options;
  options.loss_on = data::loss_on_from(o.loss_on);
  options.truncation = data::truncation_from(o.truncation);
  options.max_seq_len = o.max_seq_len.value_or(model.context());
  const DatasetLoss r = dataset_loss(model, o.data, options, mesh.dp());
  if (world.communicator().rank() != 0) return;
  if (o.json) {
    const Json line{{"loss", r.loss},
                    {"perplexity", r.perplexity},
                    {"samples", r.data.samples},
                    {"tokens", r.data.tokens},
                    {"supervised_tokens", r.data.supervised_tokens},
                    {"seconds", r.seconds}};
    return fmt::print("{}\n", line.dump());
  }
  fmt::print("{}\nloss {:.4f}, perplexity {:.4g}  ({:.1f} s, {:.0f} tokens/s)\n", r.data.text(), r.loss,
             r.perplexity, r.seconds, double(r.data.tokens) / std::max(r.seconds, 1e-9));
}

}  // namespace

void add_eval(CLI::App& program, CommandContext& context) {
  const auto o = std::make_shared<EvalOptions>();
  auto* command = program.add_subcommand("eval", "Score a model on chat data: loss, or exact answers");
  add_model_options(*command, o->model);
  command->add_option("data,--data", o->data, "chat file, JSON list or JSON Lines")->required();
  command->add_flag("--exact-match", o->exact_match,
                    "ask the last question of each conversation, greedily, and compare with its answer");
  command
      ->add_option("--min-exact-match", o->min_exact_match,
                   "fail below this share (0.9); means --exact-match")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--loss-on", o->loss_on, "tokens whose loss counts: assistant, all, qwen1, last_turn")
      ->capture_default_str();
  command->add_option("--max-seq-len", o->max_seq_len, "longest sample in tokens; by default the context")
      ->check(CLI::Range(int64_t{2}, std::numeric_limits<int64_t>::max()));
  command
      ->add_option("--truncation,--on-too-long", o->truncation, "a longer sample: error, drop, right or turn")
      ->capture_default_str();
  command->add_option("--limit", o->questions.limit, "questions at most")->check(CLI::PositiveNumber);
  command->add_option("--show-wrong", o->questions.keep_wrong, "wrong answers to show")
      ->capture_default_str();
  command
      ->add_option("--tensor-parallel-size", o->tensor_parallel,
                   "ranks that share one copy of the model; exact answers always take all of them")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_flag("--json", o->json, "one JSON object instead of a table");
  command->callback([o, &context] {
    context.run([o] {
      if (o->exact_match || o->min_exact_match) return eval_exact_match(*o);
      eval_loss(*o);
    });
  });
}

}  // namespace genesis::trainer
