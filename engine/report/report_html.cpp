#include "engine/report/report_html.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>

#include "engine/core/text.h"
#include "engine/report/plots_gnuplot.h"
#include "engine/report/report_style.h"
#include "engine/run/run_folder.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

std::string escaped(std::string_view plain) {
  std::string markup;
  for (const char c : displayable(plain)) {
    switch (c) {
      case '&': markup += "&amp;"; break;
      case '<': markup += "&lt;"; break;
      case '>': markup += "&gt;"; break;
      case '"': markup += "&quot;"; break;
      case '\'': markup += "&#39;"; break;
      default: markup += c;
    }
  }
  return markup;
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t word = 0;
    for (size_t k = 0; k < 3; ++k) word = word << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) text += i + k <= bytes.size() ? kDigits[word >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

/// The page's CSS variable for a colour of the plots.
std::string_view variable_of(int colour) {
  switch (colour) {
    case PlotColours::ink: return "currentColor";
    case PlotColours::soft: return "var(--soft)";
    case PlotColours::line: return "var(--line)";
    case PlotColours::blue: return "var(--blue)";
    case PlotColours::vermilion: return "var(--vermilion)";
    case PlotColours::on_fill: return "var(--on-fill)";
    default: return "";
  }
}

/// Replaces "rgb( 36,  41,  47)" in gnuplot's SVG by the page's colours.
std::string with_page_colours(const std::string& svg) {
  std::string out;
  size_t done = 0;
  for (size_t at; (at = svg.find("rgb(", done)) != std::string::npos;) {
    const size_t end = svg.find(')', at);
    if (end == std::string::npos) break;
    int colour = 0, part = 0;
    for (size_t i = at + 4; i <= end; ++i) {
      if (svg[i] >= '0' && svg[i] <= '9') part = 10 * part + (svg[i] - '0');
      if (svg[i] == ',' || i == end) colour = colour << 8 | part, part = 0;
    }
    const std::string_view variable = variable_of(colour);
    out.append(svg, done, at - done);
    out += variable.empty() ? std::string_view(svg).substr(at, end + 1 - at) : variable;
    done = end + 1;
  }
  return out.append(svg, done);
}

/// A tag of gnuplot's SVG for the page: no background, the page's colours, ids unique to the plot.
std::string tag_on_page(std::string tag, const std::string& plot) {
  tag = replaced(std::move(tag), "fill=\"#ffffff\"", "fill=\"none\"");
  for (const char* quote : {"'", "\""}) {
    for (const char* id : {"gp", "gnuplot_", "textbox", "greybox"})
      tag = replaced(std::move(tag), fmt::format("id={}{}", quote, id), fmt::format("id={}{}-{}", quote, plot, id));
  }
  tag = replaced(std::move(tag), "href='#gp", fmt::format("href='#{}-gp", plot));
  return with_page_colours(replaced(std::move(tag), "\"black\"", "\"currentColor\""));
}

/// gnuplot's SVG as an element of the page, without its prologue. Only tags are changed: the text between them is names, which
/// may look like anything.
std::string as_part_of_page(const Plot& plot) {
  std::string svg = plot.svg.substr(std::min(plot.svg.find("<svg"), plot.svg.size()));
  // Removes gnuplot's own title and description: the figure has better ones.
  const size_t title = svg.find("<title>"), end = svg.find("</desc>");
  if (title != std::string::npos && end != std::string::npos && title < end) svg.erase(title, end + 7 - title);
  std::string markup;
  for (size_t at = 0; at < svg.size();) {
    const bool is_tag = svg[at] == '<';
    const size_t stop = std::min(is_tag ? svg.find('>', at) : svg.find('<', at) - 1, svg.size() - 1) + 1;
    const std::string part = svg.substr(at, stop - at);
    markup += is_tag ? tag_on_page(part, plot.name) : part;
    at = stop;
  }
  return markup.replace(0, 4, fmt::format("<svg role=\"img\" aria-label=\"{}\"", escaped(plot.title + ". " + plot.alt)));
}

}  // namespace

Html::Html(std::string_view plain) : markup_(escaped(plain)) {}

Html Html::raw(std::string markup) {
  Html html;
  html.markup_ = std::move(markup);
  return html;
}

Html element(std::string_view name, const Html& content, const std::vector<Attribute>& attributes) {
  std::string open(name);
  for (const auto& [key, value] : attributes) open += fmt::format(" {}=\"{}\"", key, escaped(value));
  return Html::raw(fmt::format("<{}>{}</{}>", open, content.markup(), name));
}

Html section(std::string_view id, const Html& heading, const Html& content) {
  if (content.empty()) return {};
  return Html::raw("\n") + element("section", element("h2", heading) + content, {{"id", std::string(id)}});
}

Html side_by_side(const std::vector<Html>& pieces) {
  Html all;
  for (const Html& piece : pieces) {
    if (!piece.empty()) all += element("div", piece);
  }
  return all.empty() ? all : element("div", all, {{"class", "side"}});
}

HtmlTable& HtmlTable::row(const std::vector<Html>& cells, std::string_view style) {
  Html line;
  for (size_t i = 0; i < cells.size(); ++i) {
    std::vector<Attribute> attributes;
    if (i == 0) attributes.push_back({"scope", "row"});
    if (columns_.at(i).is_number) attributes.push_back({"class", "n"});
    line += element(i == 0 ? "th" : "td", cells[i], attributes);
  }
  body_ += element("tr", line, style.empty() ? std::vector<Attribute>{} : std::vector<Attribute>{{"class", std::string(style)}}) +
           Html::raw("\n");
  return *this;
}

HtmlTable& HtmlTable::group(const Html& name) {
  body_ += element("tr", element("th", name, {{"colspan", fmt::format("{}", columns_.size())}, {"scope", "rowgroup"}}),
                   {{"class", "group"}}) +
           Html::raw("\n");
  return *this;
}

Html HtmlTable::html() const {
  Html head;
  for (const Column& column : columns_)
    head += element("th", column.name, {{"scope", "col"}, {"class", column.is_number ? "n" : "t"}});
  return element("div", element("table", element("thead", element("tr", head)) + element("tbody", body_), {{"class", style_}}),
                 {{"class", "scroll"}, {"tabindex", "0"}});
}

Html figure(const Plot* plot) {
  if (!plot) return {};
  return element("figure", element("figcaption", plot->title) + Html::raw(as_part_of_page(*plot)), {{"class", "plot"}});
}

Html short_name(std::string_view name, size_t columns) {
  const std::string cut = shortened(name, columns);
  return cut == name ? Html(name) : element("span", cut, {{"title", std::string(name)}});
}

Html picture(const fs::path& png, const std::string& alt) {
  std::ifstream file(png, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  constexpr size_t kHeader = 24;  // signature, IHDR's length and name, width and height
  if (bytes.size() < kHeader || !bytes.starts_with("\x89PNG\r\n\x1a\n")) return {};
  const auto number = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
    return value;
  };
  return Html::raw(fmt::format("<img src=\"data:image/png;base64,{}\" width=\"{}\" height=\"{}\" alt=\"{}\">", base64(bytes),
                               number(16), number(20), escaped(alt)));
}

std::string percent_text(double share, int digits) {
  return std::isnan(share) ? "–" : fmt::format("{:.{}f} %", 100 * share, digits);
}

std::string interval_text(double low, double high) { return fmt::format("{:.1f} to {:.1f} %", 100 * low, 100 * high); }

Html interval_bar(double share, double low, double high) {
  const std::string label = fmt::format("{}, interval {}", percent_text(share), interval_text(low, high));
  return Html::raw(
      fmt::format("<div class=\"bar\" role=\"img\" aria-label=\"{}\"><i style=\"left:{:.2f}%;width:{:.2f}%\"></i>"
                  "<b style=\"left:{:.2f}%\"></b></div>",
                  escaped(label), 100 * low, 100 * (high - low), 100 * share));
}

std::string clock_text(double seconds) {
  if (!(seconds >= 0 && seconds < 1e12)) return "–";
  const auto all = static_cast<int64_t>(seconds);
  const int64_t hours = all / 3600, minutes = all / 60 % 60, rest = all % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, rest) : fmt::format("{:02}:{:02}", minutes, rest);
}

std::string page(const Html& title, const Html& body) {
  return fmt::format("{}<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}\n</body>\n</html>\n", kPageBegins,
                     title.markup(), kReportStyle, body.markup());
}

}  // namespace cudenza
