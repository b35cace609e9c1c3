/// The words that tests/mutants/mutants.py writes into a copy of a kernel's source, so that one compiled file holds all mutants
/// and the one wanted is chosen while it runs: `a < b` becomes `a < mutants::at_most<17>{} < b`, which is a < b, or a <= b while
/// mutant 17 is active. The word binds as the operator beside it does, so that no operand has to be found in the text.
///
/// While nothing is active, what runs can be noted: which mutants a test reaches, and which of them would have given another
/// value there. No other test can notice them.
#pragma once
#include <cstdint>
#include <type_traits>

namespace mutants {

constexpr int kMost = 1 << 14;
constexpr int kNoting = -1;  ///< is active while tests are noted; 0: none is
enum Noted : unsigned char { kReached = 1, kDiffered = 2 };

// In the program (driver.cpp), which several libraries of kernels share.
extern "C" int mutants_active;
extern "C" unsigned char mutants_noted[kMost];

// Nothing in here is a kernel's load or store; and a value that is only noted may overflow.
#define CUDENZA_MUTANTS_OWN __attribute__((no_sanitize("thread", "undefined")))
#if defined(__SANITIZE_THREAD__)
#define CUDENZA_MUTANTS_UNTRACED __attribute__((no_sanitize("thread")))
#else
#define CUDENZA_MUTANTS_UNTRACED  // GCC would inline it no more
#endif

template <int kId> CUDENZA_MUTANTS_UNTRACED bool is_active() { return mutants_active == kId; }
CUDENZA_MUTANTS_UNTRACED inline bool is_noting() { return mutants_active == kNoting; }
template <int kId> CUDENZA_MUTANTS_OWN void note(bool differs) {
  mutants_noted[kId] |= differs ? kReached | kDiffered : kReached;
}

/// What has no value: a barrier, a condition with side effects.
template <int kId> constexpr bool on() {
  if (std::is_constant_evaluated()) return false;
  if (is_noting()) note<kId>(true);
  return is_active<kId>();
}
template <int kId, int kBefore, int kAfter> constexpr int constant() { return on<kId>() ? kAfter : kBefore; }

template <int kId, class Before, class After> struct Choice {
  Before before;
  After after;
  template <class A, class B> constexpr auto operator()(A a, B b) const { return on<kId>() ? after(a, b) : before(a, b); }
};
template <int kId, class Before, class After> constexpr Choice<kId, Before, After> choice(Before before, After after) {
  return {before, after};
}

template <class A, class B> CUDENZA_MUTANTS_OWN bool differ(const A& a, const B& b) {
  if constexpr (requires { a == b; }) return !(a == b);
  else return true;
}

/// Where the changed value cannot be had of these types, the mutant is never reached; it is compiled alone then.
#define CUDENZA_MUTANT(name, before, after)                                                               \
  struct name##_values {                                                                                  \
    template <class A, class B> CUDENZA_MUTANTS_OWN static bool differ_of(A a, B b) {                     \
      return differ(a before b, static_cast<decltype(a before b)>(a after b));                            \
    }                                                                                                     \
  };                                                                                                      \
  template <int kId> struct name {};                                                                      \
  template <int kId, class A> struct name##_of { A a; };                                                  \
  template <int kId, class A> constexpr name##_of<kId, A> operator before(A a, name<kId>) { return {a}; } \
  template <int kId, class A, class B> constexpr auto operator before(name##_of<kId, A> left, B b) {      \
    using Value = decltype(left.a before b);                                                              \
    if (std::is_constant_evaluated()) return left.a before b;                                             \
    if constexpr (requires { static_cast<Value>(left.a after b); }) {                                     \
      if (is_noting()) note<kId>(name##_values::differ_of(left.a, b));                                    \
      if (is_active<kId>()) return static_cast<Value>(left.a after b);                                    \
    }                                                                                                     \
    return left.a before b;                                                                               \
  }

CUDENZA_MUTANT(at_most, <, <=)
CUDENZA_MUTANT(above, >=, >)
CUDENZA_MUTANT(below, <=, <)
CUDENZA_MUTANT(at_least, >, >=)
CUDENZA_MUTANT(plus_as_minus, +, -)
CUDENZA_MUTANT(minus_as_plus, -, +)
CUDENZA_MUTANT(times_as_plus, *, +)
CUDENZA_MUTANT(over_as_times, /, *)
CUDENZA_MUTANT(rest_as_over, %, /)
CUDENZA_MUTANT(equal_as_unequal, ==, !=)
CUDENZA_MUTANT(unequal_as_equal, !=, ==)
CUDENZA_MUTANT(left_as_right, <<, >>)
CUDENZA_MUTANT(right_as_left, >>, <<)

/// `a += b` becomes `a += mutants::negated<17>{} += b`.
template <int kId> struct negated {
  template <class B> constexpr auto operator+=(B b) const {
    if constexpr (std::is_integral_v<B>) {
      const auto wide = static_cast<int64_t>(b);
      return value(wide);
    } else {
      return value(b);
    }
  }

 private:
  template <class B> static constexpr B value(B b) {
    if (std::is_constant_evaluated()) return b;
    if (is_noting()) note<kId>(differ(b, static_cast<B>(-b)));
    return is_active<kId>() ? static_cast<B>(-b) : b;
  }
};

}  // namespace mutants
