# Macros of configure.ac. Missing parts are gathered, so that one run of configure names all of them.

# ELBO_MISSING(what, Debian package)
AC_DEFUN([ELBO_MISSING], [
    AC_MSG_WARN([not found: $1])
    elbo_missing="$elbo_missing
    $1: Debian package $2"
])

# ELBO_REPORT_MISSING: stops when something is missing
AC_DEFUN([ELBO_REPORT_MISSING], [
    AS_IF([test -n "$elbo_missing"], [AC_MSG_ERROR([not found:$elbo_missing
Install what is named (apt-get install PACKAGE), or run ./scripts/setup, and configure again.])])
])

# ELBO_CHECK_MODULE(PREFIX, pkg-config module, Debian package): sets PREFIX_CFLAGS and PREFIX_LIBS
AC_DEFUN([ELBO_CHECK_MODULE], [
    PKG_CHECK_MODULES([$1], [$2], [], [ELBO_MISSING([$2], [$3])])
])

# ELBO_CHECK_BLIS: sets BLIS_CPPFLAGS, BLIS_LIBS, BLIS_RPATH and BLIS_WHERE. BLIS has no pkg-config file in Debian;
# below a directory of its own its header lies in include/ or include/blis/.
AC_DEFUN([ELBO_CHECK_BLIS], [
    AC_ARG_WITH([blis],
        [AS_HELP_STRING([--with-blis=DIR], [BLIS is installed in DIR (include/blis.h or include/blis/blis.h, lib/)])],
        [], [with_blis=])
    elbo_save_CPPFLAGS=$CPPFLAGS; elbo_save_LDFLAGS=$LDFLAGS; elbo_save_LIBS=$LIBS
    BLIS_CPPFLAGS=; BLIS_LDFLAGS=; BLIS_LIBS=; BLIS_WHERE="the system's"
    AS_CASE([$with_blis],
        [no], [AC_MSG_ERROR([elbo needs BLIS: --without-blis is not possible])],
        [''|yes], [],
        [AS_IF([test -d "$with_blis/include"], [], [AC_MSG_ERROR([--with-blis=$with_blis: no include directory there])])
         elbo_blis=$(cd "$with_blis" && pwd)
         BLIS_CPPFLAGS="-isystem $elbo_blis/include -isystem $elbo_blis/include/blis"
         BLIS_LDFLAGS="-L$elbo_blis/lib"
         BLIS_WHERE=$elbo_blis])
    CPPFLAGS="$CPPFLAGS $BLIS_CPPFLAGS"
    LDFLAGS="$LDFLAGS $BLIS_LDFLAGS"
    LIBS=
    elbo_have_blis=yes
    AC_CHECK_HEADERS([blis.h], [], [elbo_have_blis=no])
    AC_SEARCH_LIBS([bli_sgemm_ex], [blis], [], [elbo_have_blis=no], [$OPENMP_CFLAGS -lpthread -lm])
    AS_IF([test "$elbo_have_blis" = no],
        [ELBO_MISSING([BLIS (blis.h and bli_sgemm_ex in -lblis)], [libblis-dev])])
    BLIS_LIBS="$BLIS_LDFLAGS $LIBS"
    # For libtool, which writes the directory into what it links, so that BLIS is found there at run time.
    AS_IF([test -n "$BLIS_LDFLAGS"], [BLIS_RPATH="-R$elbo_blis/lib"], [BLIS_RPATH=])
    CPPFLAGS=$elbo_save_CPPFLAGS; LDFLAGS=$elbo_save_LDFLAGS; LIBS=$elbo_save_LIBS
    AC_SUBST([BLIS_CPPFLAGS])
    AC_SUBST([BLIS_LIBS])
    AC_SUBST([BLIS_RPATH])
])

# ELBO_CHECK_LAPACKE: sets LAPACKE_LIBS. Its pkg-config file in Debian asks for a blas.pc, which BLIS does not have.
AC_DEFUN([ELBO_CHECK_LAPACKE], [
    elbo_save_LIBS=$LIBS
    LIBS=
    elbo_have_lapacke=yes
    AC_CHECK_HEADERS([lapacke.h], [], [elbo_have_lapacke=no])
    AC_SEARCH_LIBS([LAPACKE_dsyevd], [lapacke], [], [elbo_have_lapacke=no])
    AS_IF([test "$elbo_have_lapacke" = no],
        [ELBO_MISSING([LAPACKE (lapacke.h and LAPACKE_dsyevd in -llapacke)], [liblapacke-dev])])
    LAPACKE_LIBS=$LIBS
    LIBS=$elbo_save_LIBS
    AC_SUBST([LAPACKE_LIBS])
])

# ELBO_CHECK_X86_64_LEVELS: on x86-64 the elementwise kernels are compiled for its levels 3 and 4 too
AC_DEFUN([ELBO_CHECK_X86_64_LEVELS], [
    AC_REQUIRE([AC_CANONICAL_HOST])
    AC_CACHE_CHECK([whether $CC compiles for x86-64-v3 and x86-64-v4], [elbo_cv_x86_64_levels], [
        elbo_cv_x86_64_levels=no
        AS_CASE([$host_cpu], [x86_64], [
            elbo_save_CFLAGS=$CFLAGS
            CFLAGS="$CFLAGS -Werror -march=x86-64-v3"
            AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])], [
                CFLAGS="$elbo_save_CFLAGS -Werror -march=x86-64-v4 -mprefer-vector-width=512"
                AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])], [elbo_cv_x86_64_levels=yes])
            ])
            CFLAGS=$elbo_save_CFLAGS
        ])
    ])
    AM_CONDITIONAL([X86_64_LEVELS], [test "$elbo_cv_x86_64_levels" = yes])
    AS_IF([test "$elbo_cv_x86_64_levels" = yes], [
        AC_DEFINE([ELBO__HAVE_X86_64_LEVELS], [1], [The elementwise kernels are also compiled as avx2 and avx512.])
        ELBO_KERNELS="base, avx2, avx512: chosen at run time"
    ], [ELBO_KERNELS="base"])
])

# ELBO_CHECK_VERSION(header): the header's ELBO_VERSION must be the version given to AC_INIT
AC_DEFUN([ELBO_CHECK_VERSION], [
    AS_IF([grep -q "^#define ELBO_VERSION \"$PACKAGE_VERSION\"" "$1"], [],
        [AC_MSG_ERROR([$1 does not say version $PACKAGE_VERSION, which is that of configure.ac])])
])
