#include "trainer/train/memory_advice.h"

#include <gtest/gtest.h>

#include "trainer/plan/layout_search.h"

namespace genesis::trainer {
namespace {

PlanInput qwen_7b() {
  PlanInput in;
  in.model = models::QwenConfig::from_yaml(GENESIS_SOURCE_DIR "/configs/qwen1/qwen1_7B.yaml").resolved();
  in.device = Device::cuda;
  in.precision = Precision::bf16_true;
  in.gradient_dtype = DType::bf16;
  in.rows = 1;
  in.accumulation = 8;
  in.row_tokens = 8192;
  return in;
}

TEST(MemoryAdvice, NamesTheSmallestChangeThatFits) {
  const Machine card = card_with_memory(80e9);
  const std::string text = memory_advice(qwen_7b(), card);
  EXPECT_NE(text.find("of the 74.51 GiB there are; gradient_checkpointing="), std::string::npos) << text;
  EXPECT_NE(text.find(" would make it fit ("), std::string::npos) << text;
}

/// A run that had no room although it was planned to fit: others may use the card, memory is in pieces.
TEST(MemoryAdvice, WhatWasPlannedToFitIsMadeSmaller) {
  PlanInput in = qwen_7b();
  const Machine card = card_with_memory(80e9);
  in = with_least_recompute(in, card);
  ASSERT_TRUE(evaluate_layout(in, card).fits_with_reserve(card));
  const std::string text = memory_advice(in, card);
  EXPECT_NE(text.find(" would make it fit ("), std::string::npos) << text;
}

TEST(MemoryAdvice, SaysWhenNothingHelps) {
  EXPECT_NE(memory_advice(qwen_7b(), card_with_memory(1e6)).find("no change of its keys makes it fit"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::trainer
