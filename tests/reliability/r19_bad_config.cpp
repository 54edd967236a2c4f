// R19: every key of a config misspelt, with a value of another type, and out of its range: one error with
// file and line, the nearest key named, and nothing else starts.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "kernels/core/error.h"
#include "tests/reliability/campaign.h"
#include "tests/support/temp_folder.h"
#include "trainer/config/apply.h"
#include "trainer/config/check.h"
#include "trainer/config/key.h"
#include "trainer/config/read_yaml.h"

namespace genesis::reliability {
namespace {

using trainer::Key;

/// What a config of one line under two good ones is refused with; "" when it is not.
std::string refusal(const std::string& line) {
  try {
    trainer::TrainConfig config;
    std::vector<std::string> notices;
    trainer::apply_entries(trainer::read_yaml("# a config\n\n" + line + "\n", "sft.yaml"),
                           trainer::Scope::train, config, notices);
    trainer::check_config(config);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// A slip of the finger that is no other key's name.
std::string misspelt(const std::string& name) {
  std::string wrong = name;
  wrong.erase(wrong.size() / 2, 1);
  return wrong;
}

/// A value of no kind this key takes; "" where every text will do.
std::string of_another_type(const Key& key) {
  if (key.type == "text") return "[a, b]";
  if (key.type == "list") return "";
  if (key.type == "list of numbers") return "[1, none]";
  return "certainly_not";
}

/// Numbers outside of the key's range, as far as it has bounds that a text can lie beyond.
std::vector<std::string> out_of_range(const Key& key) {
  std::vector<std::string> all;
  if (key.type != "integer" && key.type != "number") return all;
  const auto text = [&](double x) {
    return key.type == "integer" ? fmt::format("{}", int64_t(x)) : fmt::format("{}", x);
  };
  const trainer::Range& r = key.range;
  if (std::isfinite(r.lowest)) all.push_back(text(r.lowest_excluded ? r.lowest : r.lowest - 1));
  if (std::isfinite(r.highest)) all.push_back(text(r.highest_excluded ? r.highest : r.highest + 1));
  return all;
}

/// The program itself, with a misspelt key in a config that is whole otherwise.
void start_nothing(const Mode& mode, Cases& cases) {
  const testing::TempFolder folder;
  const auto output = folder / "out";
  const auto config =
      folder.write("sft.yaml", fmt::format("output_dir: {}\nlearning_rat: 1\n", output.string()));
  const int status = std::system(
      fmt::format("'{}' train '{}' >'{}' 2>&1", mode.program, config.string(), (folder / "log").string())
          .c_str());
  cases.expect(WIFEXITED(status) && WEXITSTATUS(status) == 64,
               fmt::format("the program's status {}", status));
  cases.expect(!std::filesystem::exists(output), "output_dir was made");
}

}  // namespace

Outcome run_R19(const Mode& mode) {
  Cases cases;
  int64_t typed = 0, ranged = 0, named = 0;
  const auto& keys = trainer::config_keys();
  const auto is_key = [&](const std::string& name) {
    return std::any_of(keys.begin(), keys.end(), [&](const Key& k) {
      return k.name == name || std::find(k.aliases.begin(), k.aliases.end(), name) != k.aliases.end();
    });
  };
  for (const Key& key : keys) {
    if (const std::string wrong = misspelt(key.name); !is_key(wrong)) {
      const std::string why = refusal(wrong + ": 1");
      const std::string plain =
          key.name.substr(key.name.rfind('.') + 1);  // model.seq_length is seq_length in model
      const bool suggested = contains(why, "did you mean '" + plain + "'?");
      cases.expect(contains(why, "sft.yaml:3: key '" + wrong + "' is unknown"), wrong + ": '" + why + "'");
      cases.expect(suggested || key.name.size() < 5, wrong + " suggests another key: '" + why + "'");
      named += suggested;
    }
    const std::string about = "sft.yaml:3: key '" + key.name + "'";
    if (const std::string other = of_another_type(key); !other.empty()) {
      const std::string why = refusal(key.name + ": " + other);
      cases.expect(contains(why, about), key.name + ": " + other + ": '" + why + "'");
      ++typed;
    }
    for (const std::string& number : out_of_range(key)) {
      const std::string why = refusal(key.name + ": " + number);
      cases.expect(contains(why, about), key.name + ": " + number + ": '" + why + "'");
      ++ranged;
    }
  }
  start_nothing(mode, cases);
  return {
      cases.good(),
      fmt::format(
          "{} keys misspelt ({} with the nearest key named), {} of another type, {} out of range: refused "
          "with file and line, nothing started{}",
          keys.size(), named, typed, ranged, cases.failures())};
}

}  // namespace genesis::reliability
