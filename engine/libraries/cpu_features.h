/// Instruction sets of this CPU.
#pragma once
#include <string>

namespace cudenza {

/// The widest instructions that oneDNN uses on this CPU: "AVX2", "AVX-512 with bf16", "AMX", …
std::string cpu_instruction_set();

/// Model and instruction set, on one line: what a measured time belongs to.
std::string cpu_identity();

/// Whether this program was compiled for the registers and the products of bf16 that this CPU has: a build for any x86 is not.
bool is_compiled_for_this_cpu();

/// Whether this CPU has instructions for bf16 products (AVX512-BF16 or AMX), and whether it has AMX.
bool cpu_multiplies_bf16();
bool cpu_has_amx();

}  // namespace cudenza
