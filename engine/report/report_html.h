/// HTML for reports: escaped text, tables, plots in the page's colours, one page.
#pragma once
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/report/plots.h"

namespace cudenza {

/// A piece of HTML. Plain text is escaped on conversion, so text from a file or a user is harmless anywhere.
class Html {
 public:
  Html() = default;
  Html(std::string_view plain);  // NOLINT: implicit conversion from text is intended
  Html(const std::string& plain) : Html(std::string_view(plain)) {}
  Html(const char* plain) : Html(std::string_view(plain)) {}
  static Html raw(std::string markup);

  Html& operator+=(const Html& more) {
    markup_ += more.markup_;
    return *this;
  }
  friend Html operator+(Html a, const Html& b) { return a += b; }
  const std::string& markup() const { return markup_; }
  bool empty() const { return markup_.empty(); }

 private:
  std::string markup_;
};

/// Formatted, then escaped.
template <class... Args> Html text(fmt::format_string<Args...> format, Args&&... args) {
  return Html(fmt::format(format, std::forward<Args>(args)...));
}

struct Attribute {
  std::string_view name;
  std::string value;
};
/// `<name attributes…>content</name>`
Html element(std::string_view name, const Html& content, const std::vector<Attribute>& attributes = {});
/// A section with its heading and the anchor #id. Empty if it has no content.
Html section(std::string_view id, const Html& heading, const Html& content);
/// Pieces side by side if there is room, below each other on a phone.
Html side_by_side(const std::vector<Html>& pieces);

/// A table whose first column names the rows. It scrolls separately if it is wider than the page.
class HtmlTable {
 public:
  struct Column {
    Html name;
    bool is_number = true;
  };
  explicit HtmlTable(std::vector<Column> columns, std::string style = "numbers")
      : columns_(std::move(columns)), style_(std::move(style)) {}

  HtmlTable& row(const std::vector<Html>& cells, std::string_view style = {});
  /// A heading over the rows that follow.
  HtmlTable& group(const Html& name);
  bool empty() const { return body_.empty(); }
  Html html() const;

 private:
  std::vector<Column> columns_;
  std::string style_;
  Html body_;
};

/// The plot as part of the page, under its title. Empty for a null pointer.
Html figure(const Plot*);
/// A long name cut to `columns`; the full name shows as a tooltip.
Html short_name(std::string_view name, size_t columns);
/// A PNG file as part of the page. Empty if it is no PNG.
Html picture(const std::filesystem::path& png, const std::string& alt);
/// "88.4 %"
std::string percent_text(double share, int digits = 1);
/// "83.3 to 92.2 %"
std::string interval_text(double low, double high);
/// A share with its interval on a bar from 0 to 100 %.
Html interval_bar(double share, double low, double high);
/// Seconds as fastai prints them: 00:42, 1:02:03.
std::string clock_text(double seconds);

/// The whole HTML file, styles included.
std::string page(const Html& title, const Html& body);
}  // namespace cudenza
