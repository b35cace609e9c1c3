/// Names of enumerators in options, files and messages.
///
///   constexpr NameTable kPlans("plan", {std::pair{Plan::cosine, "cosine"}, {Plan::constant, "constant"}});
///   kPlans.value_of("cosine");   // Plan::cosine
///   kPlans.value_of("cosinus");  // UsageError: there is no plan 'cosinus'; choose cosine or constant
#pragma once
#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace cudenza {

/// Throws UsageError: `name` is not one of `known`.
[[noreturn]] void throw_unknown_name(std::string_view kind, std::string_view name, std::span<const std::string_view> known);

template <class E, size_t N> class NameTable {
 public:
  constexpr NameTable(std::string_view kind, const std::pair<E, const char*> (&rows)[N]) : kind_(kind) {
    for (size_t i = 0; i < N; ++i) values_[i] = rows[i].first, names_[i] = rows[i].second;
  }

  /// REQUIRES a value in the table.
  constexpr std::string_view name_of(E value) const {
    size_t i = 0;
    while (values_[i] != value) ++i;
    return names_[i];
  }
  E value_of(std::string_view name) const {
    for (size_t i = 0; i < N; ++i) {
      if (names_[i] == name) return values_[i];
    }
    throw_unknown_name(kind_, name, names_);
  }

 private:
  std::string_view kind_;
  std::array<E, N> values_{};
  std::array<std::string_view, N> names_{};
};

}  // namespace cudenza
