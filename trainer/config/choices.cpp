#include "trainer/config/choices.h"

namespace genesis::trainer {

template <>
const std::vector<Spelling<Precision>>& spellings() {
  static const std::vector<Spelling<Precision>> s = {{Precision::fp32, "fp32"},
                                                     {Precision::bf16_mixed, "bf16-mixed"},
                                                     {Precision::fp16_mixed, "fp16-mixed"},
                                                     {Precision::bf16_true, "bf16-true"},
                                                     {Precision::fp32, "float32"},
                                                     {Precision::fp32, "32-true"},
                                                     {Precision::fp16_mixed, "16-mixed"}};
  return s;
}

template <>
const std::vector<Spelling<LrSchedulerType>>& spellings() {
  static const std::vector<Spelling<LrSchedulerType>> s = {
      {LrSchedulerType::linear, "linear"},
      {LrSchedulerType::cosine, "cosine"},
      {LrSchedulerType::constant, "constant"},
      {LrSchedulerType::constant, "constant_with_warmup"},
      {LrSchedulerType::cosine, "cosine_with_min_lr"}};
  return s;
}

template <>
const std::vector<Spelling<LossOn>>& spellings() {
  static const std::vector<Spelling<LossOn>> s = {{LossOn::assistant, "assistant"},
                                                  {LossOn::all, "all"},
                                                  {LossOn::qwen1, "qwen1"},
                                                  {LossOn::last_turn, "last_turn"}};
  return s;
}

template <>
const std::vector<Spelling<DeviceChoice>>& spellings() {
  static const std::vector<Spelling<DeviceChoice>> s = {
      {DeviceChoice::automatic, "auto"}, {DeviceChoice::cpu, "cpu"}, {DeviceChoice::cuda, "cuda"}};
  return s;
}

template <>
const std::vector<Spelling<GradientCheckpointing>>& spellings() {
  static const std::vector<Spelling<GradientCheckpointing>> s = {
      {GradientCheckpointing::none, "none"},
      {GradientCheckpointing::selective, "selective"},
      {GradientCheckpointing::feed_forward, "feed_forward"},
      {GradientCheckpointing::full, "full"},
      {GradientCheckpointing::fit, "auto"},
      {GradientCheckpointing::none, "false"},
      {GradientCheckpointing::full, "true"}};
  return s;
}

template <>
const std::vector<Spelling<CudaGraphs>>& spellings() {
  using T = CudaGraphs;
  static const std::vector<Spelling<T>> s = {
      {T::automatic, "auto"}, {T::off, "off"}, {T::on, "on"}, {T::off, "false"}, {T::on, "true"}};
  return s;
}

template <>
const std::vector<Spelling<ChatTemplateName>>& spellings() {
  using T = ChatTemplateName;
  static const std::vector<Spelling<T>> s = {
      {T::automatic, "auto"}, {T::qwen, "qwen"},  {T::qwen15, "qwen1.5"}, {T::qwen25, "qwen2.5"},
      {T::qwen3, "qwen3"},    {T::qwen, "qwen1"}, {T::qwen, "chatml"},    {T::qwen15, "qwen2"}};
  return s;
}

template <>
const std::vector<Spelling<Truncation>>& spellings() {
  using T = Truncation;
  static const std::vector<Spelling<T>> s = {
      {T::error, "error"}, {T::drop, "drop"}, {T::right, "right"}, {T::turn, "turn"}, {T::right, "truncate"}};
  return s;
}

template <>
const std::vector<Spelling<OnBadRecord>>& spellings() {
  static const std::vector<Spelling<OnBadRecord>> s = {{OnBadRecord::stop, "stop"},
                                                       {OnBadRecord::skip, "skip"}};
  return s;
}

template <>
const std::vector<Spelling<AuditPolicy>>& spellings() {
  using T = AuditPolicy;
  static const std::vector<Spelling<T>> s = {
      {T::off, "off"}, {T::warn, "warn"}, {T::strict, "strict"}, {T::off, "false"}, {T::warn, "true"}};
  return s;
}

template <>
const std::vector<Spelling<DatasetFormat>>& spellings() {
  using T = DatasetFormat;
  static const std::vector<Spelling<T>> s = {{T::automatic, "auto"},
                                             {T::conversations, "conversations"},
                                             {T::messages, "messages"},
                                             {T::alpaca, "alpaca"},
                                             {T::prompt_completion, "prompt_completion"},
                                             {T::text, "text"},
                                             {T::conversations, "sharegpt"},
                                             {T::messages, "openai"}};
  return s;
}

template <>
const std::vector<Spelling<Deterministic>>& spellings() {
  static const std::vector<Spelling<Deterministic>> s = {{Deterministic::standard, "standard"},
                                                         {Deterministic::full, "full"},
                                                         {Deterministic::standard, "false"},
                                                         {Deterministic::full, "true"}};
  return s;
}

template <>
const std::vector<Spelling<MasterForm>>& spellings() {
  using T = MasterForm;
  static const std::vector<Spelling<T>> all = {{T::f32, "f32"}, {T::f32, "fp32"}, {T::split, "split"}};
  return all;
}

template <>
const std::vector<Spelling<GradientDType>>& spellings() {
  using T = GradientDType;
  static const std::vector<Spelling<T>> s = {
      {T::f32, "f32"}, {T::bf16, "bf16"}, {T::f32, "fp32"}, {T::f32, "float32"}, {T::bf16, "bfloat16"}};
  return s;
}

template <>
const std::vector<Spelling<OnNonfinite>>& spellings() {
  static const std::vector<Spelling<OnNonfinite>> s = {{OnNonfinite::stop, "stop"},
                                                       {OnNonfinite::skip, "skip"}};
  return s;
}

template <>
const std::vector<Spelling<OnLossSpike>>& spellings() {
  static const std::vector<Spelling<OnLossSpike>> s = {
      {OnLossSpike::warn, "warn"}, {OnLossSpike::skip, "skip"}, {OnLossSpike::rewind, "rewind"}};
  return s;
}

template <>
const std::vector<Spelling<DecayOn>>& spellings() {
  static const std::vector<Spelling<DecayOn>> s = {{DecayOn::matrices, "matrices"}, {DecayOn::all, "all"}};
  return s;
}

template <>
const std::vector<Spelling<QwenFamily>>& spellings() {
  static const std::vector<Spelling<QwenFamily>> s = {
      {QwenFamily::qwen1, "qwen"},  {QwenFamily::qwen15, "qwen2"},   {QwenFamily::qwen3, "qwen3"},
      {QwenFamily::qwen1, "qwen1"}, {QwenFamily::qwen15, "qwen1.5"}, {QwenFamily::qwen15, "qwen2.5"}};
  return s;
}

template <>
const std::vector<Spelling<OnSaveError>>& spellings() {
  static const std::vector<Spelling<OnSaveError>> s = {{OnSaveError::warn, "warn"},
                                                       {OnSaveError::abort, "abort"}};
  return s;
}

}  // namespace genesis::trainer
