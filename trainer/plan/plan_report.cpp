#include "trainer/plan/plan_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace genesis::trainer {
namespace {

using Json = nlohmann::ordered_json;
constexpr double kGiB = double(1 << 30);

std::string bytes_text(double bytes) {
  if (bytes >= kGiB) return fmt::format("{:.2f} GiB", bytes / kGiB);
  if (bytes >= double(1 << 20)) return fmt::format("{:.1f} MiB", bytes / double(1 << 20));
  if (bytes >= 1024) return fmt::format("{:.1f} KiB", bytes / 1024);
  return fmt::format("{:.0f} B", bytes);
}

std::string seconds_text(double s) {
  return s >= 1 ? fmt::format("{:.2f} s", s) : fmt::format("{:.2f} ms", 1e3 * s);
}

double utilisation(const Layout& l, const Machine& m) {
  const double tokens = double(l.input.step_tokens()) / double(l.input.ranks);
  return tokens * flops_of_token(l.input) / (l.time.step() * m.flops(l.input.precision));
}

std::string head_text(const PlanReport& r) {
  const PlanInput& in = r.asked.input;
  return fmt::format(
      "{} parameters, {}, checkpointing {}; {} ranks of {} = dp {} x tp {}, zero_stage {}\n"
      "step: {} rows of {} tokens = {} x {} accumulation x {} data-parallel ranks\n",
      models::parameter_count(in.model), spelling_of(in.precision), in.recompute_text(), in.ranks,
      r.machine.name, in.data_parallel(), in.tensor_parallel, in.zero_stage, in.step_rows(), in.row_tokens,
      in.rows, in.accumulation, in.data_parallel());
}

/// "fits", with what it leaves where that may not be enough.
std::string fit_text(const PlanReport& r) {
  if (!r.asked.fits(r.machine)) return "does not fit";
  if (r.asked.fits_with_reserve(r.machine)) return "fits";
  return fmt::format("fits, but leaves {} of the {} that driver, libraries and fragments may take",
                     bytes_text(r.machine.memory_bytes - double(r.asked.memory.total())),
                     bytes_text(r.machine.reserve_bytes));
}

std::string memory_text(const PlanReport& r) {
  std::string text = "\nmemory of a rank\n";
  for (int c = 0; c < kMemoryCategories; ++c)
    text += fmt::format("  {:<14}{:>12}\n", name_of(MemoryCategory(c)),
                        bytes_text(double(r.asked.memory.bytes[size_t(c)])));
  return text + fmt::format("  {:<14}{:>12}  of {}: {}\n", "total",
                            bytes_text(double(r.asked.memory.total())), bytes_text(r.machine.memory_bytes),
                            fit_text(r));
}

std::string time_text(const PlanReport& r) {
  const TimePlan& t = r.asked.time;
  std::string text = "\ntime of a step (model)\n";
  const auto line = [&](const char* name, double seconds) {
    text += fmt::format("  {:<24}{:>12}\n", name, seconds_text(seconds));
  };
  line("matrix products", t.products);
  line("attention", t.attention);
  line("elementwise", t.elementwise);
  line("optimizer", t.optimizer);
  line("exposed communication", t.exposed);
  line("step", t.step());
  if (t.recomputed > 0)
    text += fmt::format("  {:.1f} % of its FLOPs compute again what was not kept\n", 100 * t.recomputed);
  return text +
         fmt::format("  of {} communication, {:.0f} tokens/s, {:.0f} % of the machine's product rate\n",
                     seconds_text(t.communication), r.asked.tokens_per_s(),
                     100 * utilisation(r.asked, r.machine));
}

/// One line for all calls of a kind; --json lists them one by one.
std::string traffic_text(const PlanReport& r) {
  struct Kind {
    PlannedCall like;
    int64_t calls = 0, bytes = 0;
  };
  std::vector<Kind> kinds;
  for (const PlannedCall& c : plan_traffic(r.asked.input)) {
    auto same = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& k) {
      return k.like.what == c.what && k.like.group == c.group && k.like.collective == c.collective &&
             k.like.dtype == c.dtype;
    });
    if (same == kinds.end()) same = kinds.insert(kinds.end(), {c, 0, 0});
    same->calls += c.times * c.calls;
    same->bytes += c.bytes();
  }
  if (kinds.empty()) return "";
  std::string text = "\nlogged by a rank in a step\n";
  for (const Kind& k : kinds)
    text += fmt::format("  {:<14}{:>12}  {} x {} of {}, group {}\n", k.like.what, bytes_text(double(k.bytes)),
                        k.calls, name_of(k.like.collective), name_of(k.like.dtype), k.like.group);
  return text;
}

std::string advice_text(const PlanReport& r) {
  const PlanInput& in = r.asked.input;
  if (!r.asked.fits(r.machine)) {
    if (!r.change) return "\nno layout of this model fits, up to 64 times as many ranks\n";
    return fmt::format("\nsmallest change that fits: {} ({} a rank, step {})\n", r.change->changes_from(in),
                       bytes_text(double(r.change->memory.total())), seconds_text(r.change->time.step()));
  }
  if (!r.best) return "";
  const std::string changes = r.best->changes_from(in);
  if (changes.empty()) return "\nno faster layout found\n";
  return fmt::format("\nfastest layout found: {} (step {}, {:.2f}x; {} a rank)\n", changes,
                     seconds_text(r.best->time.step()), r.asked.time.step() / r.best->time.step(),
                     bytes_text(double(r.best->memory.total())));
}

/// Tokens a second and rank, as a share of the first row's.
double efficiency(const PlanReport& r, const Layout& l) {
  const auto of_rank = [](const Layout& x) { return x.tokens_per_s() / double(x.input.ranks); };
  return of_rank(l) / of_rank(r.sweep.front());
}

std::string sweep_text(const PlanReport& r) {
  if (r.sweep.empty()) return "";
  std::string text = "\n  ranks   memory a rank        step     exposed      tokens/s  efficiency\n";
  for (const Layout& l : r.sweep)
    text += fmt::format("{:>7}{:>16}{:>12}{:>12}{:>14.0f}{:>10.1f} %{}\n", l.input.ranks,
                        bytes_text(double(l.memory.total())), seconds_text(l.time.step()),
                        seconds_text(l.time.exposed), l.tokens_per_s(), 100 * efficiency(r, l),
                        l.fits(r.machine) ? "" : "  does not fit");
  return text;
}

Json layout_json(const Layout& l, const Machine& m) {
  Json memory, time;
  for (int c = 0; c < kMemoryCategories; ++c)
    memory[std::string(name_of(MemoryCategory(c)))] = l.memory.bytes[size_t(c)];
  memory["total"] = l.memory.total();
  time["matrix_products"] = l.time.products;
  time["attention"] = l.time.attention;
  time["elementwise"] = l.time.elementwise;
  time["optimizer"] = l.time.optimizer;
  time["communication"] = l.time.communication;
  time["exposed_communication"] = l.time.exposed;
  time["step"] = l.time.step();
  time["recomputed_flops_share"] = l.time.recomputed;
  return {{"ranks", l.input.ranks},
          {"tensor_parallel_size", l.input.tensor_parallel},
          {"zero_stage", l.input.zero_stage},
          {"gradient_checkpointing", spelling_of(l.input.checkpointing)},
          {"gradient_checkpointing_layers", l.input.checkpointing_layers},
          {"gradient_checkpointing_rest", spelling_of(l.input.checkpointing_rest)},
          {"precision", spelling_of(l.input.precision)},
          {"per_device_train_batch_size", l.input.rows},
          {"gradient_accumulation_steps", l.input.accumulation},
          {"fits", l.fits(m)},
          {"fits_with_reserve", l.fits_with_reserve(m)},
          {"bytes_per_rank", memory},
          {"seconds_per_step", time},
          {"tokens_per_second", l.tokens_per_s()}};
}

}  // namespace

std::string plan_text(const PlanReport& r) {
  return head_text(r) + memory_text(r) + time_text(r) + traffic_text(r) + advice_text(r) + sweep_text(r);
}

std::string plan_json(const PlanReport& r) {
  Json object = layout_json(r.asked, r.machine);
  object["machine"] = r.machine.name;
  object["memory_bytes_of_rank"] = r.machine.memory_bytes;
  object["reserve_bytes"] = r.machine.reserve_bytes;
  Json calls = Json::array();
  for (const PlannedCall& c : plan_traffic(r.asked.input))
    calls.push_back({{"what", c.what},
                     {"group", c.group},
                     {"operation", name_of(c.collective)},
                     {"dtype", name_of(c.dtype)},
                     {"count", c.count},
                     {"times", c.times},
                     {"calls", c.calls},
                     {"bytes", c.bytes()}});
  object["calls"] = calls;
  if (r.best) object["best"] = layout_json(*r.best, r.machine);
  if (r.change) object["smallest_change"] = layout_json(*r.change, r.machine);
  for (const Layout& l : r.sweep) {
    Json row = layout_json(l, r.machine);
    row["efficiency"] = efficiency(r, l);
    object["sweep"].push_back(row);
  }
  return object.dump() + "\n";
}

}  // namespace genesis::trainer
