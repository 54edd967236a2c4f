#pragma once
// Everything a program that uses Genesis needs: #include <genesis/genesis.h>. Each word is documented in the
// header it comes from.

// genesis: Tensor, tensor, cat, softmax, arithmetic; no_grad, checkpoint, detect_anomaly, manual_seed;
// autocast, GradScaler
#include "autograd/anomaly.h"
#include "autograd/autocast.h"
#include "autograd/checkpoint.h"
#include "autograd/grad_mode.h"
#include "autograd/grad_scaler.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/ops/cat.h"
#include "autograd/ops/index_select.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/softmax.h"
#include "autograd/ops/unary.h"
#include "autograd/random.h"
#include "autograd/tensor.h"

// genesis::nn: Module, layers, functional, init, utils::clip_grad_norm_
#include "autograd/nn/clip_grad_norm.h"
#include "autograd/nn/dropout.h"
#include "autograd/nn/embedding.h"
#include "autograd/nn/functional.h"
#include "autograd/nn/init.h"
#include "autograd/nn/linear.h"
#include "autograd/nn/module.h"
#include "autograd/nn/rms_norm.h"

// genesis::optim: AdamW, LrSchedule
#include "autograd/optim/adamw.h"
#include "autograd/optim/schedule.h"

// genesis::parallel: Communicator, LocalGroup, DataParallel
#include "parallel/communicator.h"
#include "parallel/data_parallel.h"
#include "parallel/local_group.h"

// genesis::data: Tokenizer, train_bpe, ChatFormat, SftDataset
#include "data/chat/chat_format.h"
#include "data/dataset/sft_dataset.h"
#include "data/tokenizer/tiktoken_file.h"
#include "data/tokenizer/tokenizer.h"
#include "data/tokenizer/train_bpe.h"

// genesis::models: QwenConfig, QwenModel, generate, load_qwen1, TextGenerator
#include "models/config/qwen_config.h"
#include "models/generation/generate.h"
#include "models/generation/text_generator.h"
#include "models/qwen/model.h"
#include "models/qwen/pretrained.h"
