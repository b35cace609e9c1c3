# Target docs, where there is doxygen: the public headers' `///` comments as pages, build/docs/html/index.html.
find_package(Doxygen QUIET)
if(NOT DOXYGEN_FOUND)
  return()
endif()
set(DOXYGEN_PROJECT_NUMBER ${PROJECT_VERSION})
set(DOXYGEN_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/docs)
set(DOXYGEN_STRIP_FROM_PATH ${PROJECT_SOURCE_DIR})
set(DOXYGEN_STRIP_FROM_INC_PATH ${PROJECT_SOURCE_DIR})
set(DOXYGEN_FILE_PATTERNS *.h README.md)
set(DOXYGEN_EXTENSION_MAPPING h=C++)
set(DOXYGEN_USE_MDFILE_AS_MAINPAGE ${PROJECT_SOURCE_DIR}/README.md)
set(DOXYGEN_JAVADOC_AUTOBRIEF YES)  # a comment's first sentence is its summary
set(DOXYGEN_EXTRACT_ALL YES)        # what needs no comment is listed too
set(DOXYGEN_WARN_IF_UNDOCUMENTED NO)
set(DOXYGEN_WARN_IF_DOC_ERROR YES)
set(DOXYGEN_AUTOLINK_SUPPORT NO)    # words of comments are words
set(DOXYGEN_BUILTIN_STL_SUPPORT YES)
set(DOXYGEN_HIDE_UNDOC_RELATIONS NO)
set(DOXYGEN_SHOW_NAMESPACES YES)
set(DOXYGEN_EXCLUDE_SYMBOLS fmt::formatter)
set(DOXYGEN_HAVE_DOT NO)  # diagrams of includes would be two thirds of the files
set(DOXYGEN_GENERATE_LATEX NO)
set(DOXYGEN_QUIET YES)
set(DOXYGEN_HTML_COLORSTYLE AUTO_LIGHT)
set(DOXYGEN_MACRO_EXPANSION YES)
set(DOXYGEN_PREDEFINED HOST_DEVICE= DEVICE=)
doxygen_add_docs(docs README.md kernels engine models weights apps/study
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} COMMENT "Writing the reference: docs/html/index.html")
