#include "trainer/config/key.h"

namespace genesis::trainer {
namespace {

using M = ModelSection;

void add_shape(KeyTable& t) {
  t.group("Model from scratch", true);
  t.add("model_type", &M::model_type, "Architecture: qwen is Qwen-1, qwen2 is Qwen1.5, Qwen2 and Qwen2.5")
      .also_in_model({"family"});
  t.add("vocab_size", &M::vocab_size, "Rows of the embedding and of the head")
      .at_least(1)
      .also({"padded_vocab_size"});
  t.add("hidden_size", &M::hidden_size, "Width of the residual stream")
      .at_least(1)
      .also({"n_embd", "embedding_dim", "emb_dim"});
  t.add("num_hidden_layers", &M::num_hidden_layers, "Blocks").at_least(1).also({"n_layer", "num_layers"});
  t.add("num_attention_heads", &M::num_attention_heads, "Query heads")
      .at_least(1)
      .also({"n_head", "num_heads"});
  t.add("num_key_value_heads", &M::num_key_value_heads,
        "Key and value heads; by default as many as query heads")
      .at_least(1)
      .also({"n_kv_head", "n_kv_heads", "num_kv_heads", "num_kv_groups", "n_kv_groups"});
  t.add("head_dim", &M::head_dim, "Width of a head; by default hidden_size / num_attention_heads")
      .at_least(2)
      .also({"kv_channels"});
  t.add("hidden_dim", &M::hidden_dim,
        "Width of the SwiGLU layer; by default 8/3 hidden_size, up to a multiple of 128")
      .at_least(1)
      .also({"ffn_dim"});
  t.add("intermediate_size", &M::intermediate_size,
        "As config.json has it: the SwiGLU width, but twice the width for model_type qwen")
      .at_least(1)
      .also({"ffn_hidden_size"});
  t.add("max_position_embeddings", &M::max_position_embeddings, "Longest context; by default max_seq_len")
      .at_least(1)
      .also({"context_length", "n_positions"})
      .also_in_model({"max_seq_len"});
  t.add("model.seq_length", &M::seq_length, "Training length in the NTK and logn formulas of Qwen-1")
      .at_least(1);
}

void add_switches(KeyTable& t) {
  t.add("rope_theta", &M::rope_theta, "Base of the rotary frequencies")
      .above(0)
      .also({"rope_base", "rotary_emb_base"});
  t.add("rope_interleaved", &M::rope_interleaved,
        "Rotary pairs of neighbouring dimensions instead of halves: an experiment no released model has")
      .also({"rotary_interleaved"});
  t.add("rms_norm_eps", &M::rms_norm_eps, "Added inside the root of RMSNorm")
      .above(0)
      .also({"layer_norm_epsilon", "norm_eps"});
  t.add("tie_word_embeddings", &M::tie_word_embeddings, "The head shares the embedding's matrix");
  t.add("qkv_bias", &M::qkv_bias, "Bias of the query, key and value projections; by default not for qwen3")
      .also({"attention_bias"});
  t.add("bias", &M::bias, "Bias of every other projection");
  t.add("use_qk_norm", &M::use_qk_norm, "RMSNorm of each query and key head; by default for qwen3 only")
      .also({"qk_norm"});
  t.add("attn_dropout_prob", &M::attn_dropout_prob, "Dropout of attention probabilities in training")
      .at_least(0)
      .below(1)
      .also({"attention_dropout", "attn_pdrop"});
  t.add("emb_dropout_prob", &M::emb_dropout_prob, "Dropout after the embedding in training")
      .at_least(0)
      .below(1)
      .also({"dropout", "embd_pdrop"});
  t.add("initializer_range", &M::initializer_range, "Standard deviation of the initial weights").above(0);
  t.add("use_dynamic_ntk", &M::use_dynamic_ntk,
        "Stretch the rotary base beyond model.seq_length (inference only)");
  t.add("use_logn_attn", &M::use_logn_attn, "Scale queries beyond model.seq_length (inference only)");
}

}  // namespace

void add_model_keys(KeyTable& table) {
  add_shape(table);
  add_switches(table);
}

}  // namespace genesis::trainer
