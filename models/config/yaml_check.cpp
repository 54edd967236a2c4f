#include "models/config/yaml_check.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <sstream>

#include "kernels/core/error.h"

namespace genesis::models {
namespace {

/// Counts what the parser finds. A character begins at most one node, and a node is at most two events.
class Counter : public YAML::EventHandler {
 public:
  Counter(size_t characters, const std::string& name) : most_(4 * characters + 64), name_(name) {}

  void OnDocumentStart(const YAML::Mark& mark) override { count(mark); }
  void OnDocumentEnd() override { count({}); }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { count(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { count(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string&) override {
    count(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    count(mark);
  }
  void OnSequenceEnd() override { count({}); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    count(mark);
  }
  void OnMapEnd() override { count({}); }

 private:
  void count(const YAML::Mark& mark) {
    if (++events_ > most_)
      throw ConfigError(
          "{}:{}:{}: not YAML: nothing can be read from here on (a key may not begin with a comma)", name_,
          mark.line + 1, mark.column + 1);
  }

  size_t events_ = 0, most_;
  const std::string& name_;
};

}  // namespace

void check_yaml(const std::string& text, const std::string& name) {
  std::istringstream in(text);
  Counter counter(text.size(), name);
  try {
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(counter)) {
    }
  } catch (const YAML::Exception& e) {
    throw ConfigError("{}:{}:{}: not YAML: {}", name, e.mark.line + 1, e.mark.column + 1, e.msg);
  }
}

}  // namespace genesis::models
