#include "trainer/checkpoint/train_state.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kernels/core/error.h"
#include "models/json/strict_json.h"

namespace genesis::trainer {
namespace {

class Fields {
 public:
  Fields(const nlohmann::json& object, const std::string& file) : object_(object), file_(file) {}

  template <class T>
  void required(const char* key, T& into) const {
    if (!object_.contains(key)) throw CheckpointError("{}: key '{}' is missing", file_, key);
    read(key, into);
  }
  template <class T>
  void optional(const char* key, T& into) const {
    if (object_.contains(key)) read(key, into);
  }
  template <class T>
  void optional(const char* key, std::optional<T>& into) const {
    if (object_.contains(key) && !object_[key].is_null()) read(key, into.emplace());
  }

 private:
  template <class T>
  void read(const char* key, T& into) const {
    const auto& value = object_[key];
    bool fits = value.is_string();
    if constexpr (std::is_same_v<T, int64_t>) fits = value.is_number_integer();
    if constexpr (std::is_same_v<T, double>) fits = value.is_number();
    if constexpr (std::is_same_v<T, std::vector<double>>)
      fits = value.is_array() &&
             std::all_of(value.begin(), value.end(), [](const auto& v) { return v.is_number(); });
    if (!fits) throw CheckpointError("{}: key '{}' has the wrong type: {}", file_, key, value.dump());
    into = value.get<T>();
  }

  const nlohmann::json& object_;
  const std::string& file_;
};

}  // namespace

TrainState parse_train_state(std::string_view text, const std::string& file) {
  const auto object = models::parse_json(text, file);
  if (!object.is_object()) throw CheckpointError("{}: is not a JSON object", file);
  const Fields fields(object, file);
  TrainState s;
  fields.required("step", s.step);
  fields.required("consumed_rows", s.consumed_rows);
  fields.required("seed", s.seed);
  fields.required("tokens", s.tokens);
  fields.required("supervised_tokens", s.supervised_tokens);
  fields.required("seconds", s.seconds);
  fields.required("dataset_digest", s.dataset_digest);
  fields.required("global_batch_size", s.global_batch_size);
  fields.optional("grad_scale", s.grad_scale);
  fields.optional("grad_scale_good_steps", s.grad_scale_good_steps);
  fields.optional("recent_losses", s.recent_losses);
  fields.optional("best_eval_loss", s.best_eval_loss);
  fields.optional("best_step", s.best_step);
  return s;
}

std::string write_train_state(const TrainState& s) {
  nlohmann::ordered_json object{{"step", s.step},
                                {"consumed_rows", s.consumed_rows},
                                {"seed", s.seed},
                                {"tokens", s.tokens},
                                {"supervised_tokens", s.supervised_tokens},
                                {"seconds", s.seconds},
                                {"dataset_digest", s.dataset_digest},
                                {"global_batch_size", s.global_batch_size}};
  if (s.grad_scale) {
    object["grad_scale"] = *s.grad_scale;
    object["grad_scale_good_steps"] = s.grad_scale_good_steps;
  }
  if (!s.recent_losses.empty()) object["recent_losses"] = s.recent_losses;
  if (s.best_eval_loss) {
    object["best_eval_loss"] = *s.best_eval_loss;
    object["best_step"] = s.best_step;
  }
  return object.dump(2) + "\n";
}

}  // namespace genesis::trainer
