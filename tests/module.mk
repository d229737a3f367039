# The unit tests reach the internals; everything else here uses what is exported or installed.
check_PROGRAMS += %reldir%/unit
TESTS += %reldir%/unit
%C%_unit_SOURCES = $(unit_sources)
%C%_unit_CPPFLAGS = $(library_cppflags) $(CHECK_CFLAGS)
%C%_unit_LDADD = libelbo_internal.la $(CHECK_LIBS)

unit_sources += \
    %reldir%/albums.c \
    %reldir%/albums.h \
    %reldir%/ball_grid.c \
    %reldir%/ball_grid.h \
    %reldir%/derivatives.c \
    %reldir%/derivatives.h \
    %reldir%/golden/steps.h \
    %reldir%/grids.c \
    %reldir%/grids.h \
    %reldir%/jpegs.c \
    %reldir%/jpegs.h \
    %reldir%/kernel_sets.c \
    %reldir%/kernel_sets.h \
    %reldir%/linear_vae.c \
    %reldir%/linear_vae.h \
    %reldir%/motions.c \
    %reldir%/motions.h \
    %reldir%/numbers.c \
    %reldir%/numbers.h \
    %reldir%/patterns.c \
    %reldir%/patterns.h \
    %reldir%/pictures.c \
    %reldir%/pictures.h \
    %reldir%/plots.c \
    %reldir%/plots.h \
    %reldir%/rig.c \
    %reldir%/rig.h \
    %reldir%/runs.c \
    %reldir%/runs.h \
    %reldir%/scene.c \
    %reldir%/scene.h \
    %reldir%/scratch.c \
    %reldir%/scratch.h \
    %reldir%/small_dists.c \
    %reldir%/small_dists.h \
    %reldir%/small_model.c \
    %reldir%/small_model.h \
    %reldir%/setting.c \
    %reldir%/setting.h \
    %reldir%/spheres.c \
    %reldir%/spheres.h \
    %reldir%/suites.h \
    %reldir%/test_ae.c \
    %reldir%/test_annealing.c \
    %reldir%/test_anomaly.c \
    %reldir%/test_ball.c \
    %reldir%/test_batches.c \
    %reldir%/test_bessel.c \
    %reldir%/test_binding.c \
    %reldir%/test_codes.c \
    %reldir%/test_cholesky.c \
    %reldir%/test_code_draws.c \
    %reldir%/test_columns.c \
    %reldir%/test_conv.c \
    %reldir%/test_convolve.c \
    %reldir%/test_corruption.c \
    %reldir%/test_cut.c \
    %reldir%/test_describe.c \
    %reldir%/test_disentangling.c \
    %reldir%/test_dist_ball.c \
    %reldir%/test_dist_bernoulli.c \
    %reldir%/test_dist_beta.c \
    %reldir%/test_dist_categorical.c \
    %reldir%/test_dist_continuous_bernoulli.c \
    %reldir%/test_dist_counts.c \
    %reldir%/test_dist_draws.c \
    %reldir%/test_dist_kinds.c \
    %reldir%/test_dist_laplace.c \
    %reldir%/test_dist_levels.c \
    %reldir%/test_dist_mixture.c \
    %reldir%/test_dist_ms_ssim.c \
    %reldir%/test_dist_normal.c \
    %reldir%/test_dist_riemannian.c \
    %reldir%/test_distribution.c \
    %reldir%/test_draws.c \
    %reldir%/test_eigen.c \
    %reldir%/test_elementwise.c \
    %reldir%/test_explain.c \
    %reldir%/test_features.c \
    %reldir%/test_exports.c \
    %reldir%/test_finite.c \
    %reldir%/test_flows.c \
    %reldir%/test_folder.c \
    %reldir%/test_free_bits.c \
    %reldir%/test_golden.c \
    %reldir%/test_gradient.c \
    %reldir%/test_graph.c \
    %reldir%/test_hamiltonian.c \
    %reldir%/test_hmc.c \
    %reldir%/test_inference.c \
    %reldir%/test_impute.c \
    %reldir%/test_init.c \
    %reldir%/test_integers.c \
    %reldir%/test_io_columns.c \
    %reldir%/test_io_csv.c \
    %reldir%/test_io_csv_write.c \
    %reldir%/test_io_curves.c \
    %reldir%/test_io_dataset.c \
    %reldir%/test_io_drawing.c \
    %reldir%/test_io_events.c \
    %reldir%/test_io_figure.c \
    %reldir%/test_io_files.c \
    %reldir%/test_io_html.c \
    %reldir%/test_io_idx.c \
    %reldir%/test_io_jpeg.c \
    %reldir%/test_io_left_out.c \
    %reldir%/test_io_listing.c \
    %reldir%/test_io_missing.c \
    %reldir%/test_io_npy.c \
    %reldir%/test_io_picture_folder.c \
    %reldir%/test_io_png.c \
    %reldir%/test_io_png_read.c \
    %reldir%/test_io_quote.c \
    %reldir%/test_io_safetensors.c \
    %reldir%/test_io_safetensors_broken.c \
    %reldir%/test_io_sources.c \
    %reldir%/test_io_sprites.c \
    %reldir%/test_io_text.c \
    %reldir%/test_ladder.c \
    %reldir%/test_latent_use.c \
    %reldir%/test_layer_derivatives.c \
    %reldir%/test_layers.c \
    %reldir%/test_layers_conv.c \
    %reldir%/test_layers_frozen.c \
    %reldir%/test_layers_masked.c \
    %reldir%/test_layers_norm.c \
    %reldir%/test_likelihood.c \
    %reldir%/test_likelihood_kinds.c \
    %reldir%/test_lookup.c \
    %reldir%/test_measure.c \
    %reldir%/test_memory.c \
    %reldir%/test_missing.c \
    %reldir%/test_mixture.c \
    %reldir%/test_mmd.c \
    %reldir%/test_models.c \
    %reldir%/test_movement.c \
    %reldir%/test_net.c \
    %reldir%/test_objective.c \
    %reldir%/test_objective_aggregate.c \
    %reldir%/test_objective_players.c \
    %reldir%/test_ops.c \
    %reldir%/test_optim.c \
    %reldir%/test_option.c \
    %reldir%/test_own_loop.c \
    %reldir%/test_own_models.c \
    %reldir%/test_params.c \
    %reldir%/test_parts.c \
    %reldir%/test_parts_ball.c \
    %reldir%/test_parts_sphere.c \
    %reldir%/test_pca.c \
    %reldir%/test_pca_ways.c \
    %reldir%/test_picture_features.c \
    %reldir%/test_picture_latent.c \
    %reldir%/test_pixelcnn.c \
    %reldir%/test_plan.c \
    %reldir%/test_plan_alike.c \
    %reldir%/test_plan_cases.c \
    %reldir%/test_plan_simplify.c \
    %reldir%/test_players.c \
    %reldir%/test_power_spherical.c \
    %reldir%/test_product.c \
    %reldir%/test_product_kernels.c \
    %reldir%/test_program.c \
    %reldir%/test_quantise.c \
    %reldir%/test_quantise_residual.c \
    %reldir%/test_questions.c \
    %reldir%/test_rae.c \
    %reldir%/test_random.c \
    %reldir%/test_reduce.c \
    %reldir%/test_resume.c \
    %reldir%/test_riemannian.c \
    %reldir%/test_rows.c \
    %reldir%/test_report.c \
    %reldir%/test_run.c \
    %reldir%/test_run_classes.c \
    %reldir%/test_sampler.c \
    %reldir%/test_sampler_models.c \
    %reldir%/test_sampler_own.c \
    %reldir%/test_schedule.c \
    %reldir%/test_shuffle.c \
    %reldir%/test_side_matters.c \
    %reldir%/test_spectral.c \
    %reldir%/test_spd.c \
    %reldir%/test_spread.c \
    %reldir%/test_state.c \
    %reldir%/test_stopping.c \
    %reldir%/test_tensor.c \
    %reldir%/test_text.c \
    %reldir%/test_told.c \
    %reldir%/test_total_correlation.c \
    %reldir%/test_train.c \
    %reldir%/test_training_choices.c \
    %reldir%/test_vmath.c \
    %reldir%/test_vmf.c \
    %reldir%/test_vmf_draws.c \
    %reldir%/test_watch.c \
    %reldir%/test_words.c \
    %reldir%/test_wrong_models.c \
    %reldir%/trainings.c \
    %reldir%/trainings.h \
    %reldir%/unit.c

EXTRA_DIST += \
    %reldir%/golden/ball.py \
    %reldir%/golden/cases.py \
    %reldir%/golden/codebooks.py \
    %reldir%/golden/densities.py \
    %reldir%/golden/flows.py \
    %reldir%/golden/likelihoods.py \
    %reldir%/golden/make_golden.py \
    %reldir%/golden/momenta.py \
    %reldir%/golden/networks.py \
    %reldir%/golden/objectives.py \
    %reldir%/golden/posteriors.py \
    %reldir%/golden/priors.py \
    %reldir%/golden/sphere.py \
    %reldir%/lsan.supp

# The shared library alone.
if SHARED
check_PROGRAMS += %reldir%/shared
TESTS += %reldir%/shared
endif
%C%_shared_SOURCES = %reldir%/shared.c

# Random graphs, plan against interpreter: two thousand of them by `make check`. The unit tests plant faults in them.
check_PROGRAMS += %reldir%/fuzz
TESTS += %reldir%/fuzz
fuzz_sources = \
    %reldir%/fuzz_error.c \
    %reldir%/fuzz_graph.c \
    %reldir%/fuzz_graph.h \
    %reldir%/fuzz_moves.c \
    %reldir%/fuzz_ops.c \
    %reldir%/fuzz_ops.h \
    %reldir%/fuzz_range.c \
    %reldir%/fuzz_run.c \
    %reldir%/fuzz_shrink.c \
    %reldir%/plan_faults.c \
    %reldir%/plan_faults.h
unit_sources += $(fuzz_sources)
%C%_fuzz_SOURCES = %reldir%/fuzz.c $(fuzz_sources)
%C%_fuzz_CPPFLAGS = $(library_cppflags)
%C%_fuzz_LDADD = libelbo_internal.la

# Writes the images that the test of the program works on.
check_PROGRAMS += %reldir%/tiny_data
%C%_tiny_data_SOURCES = \
    %reldir%/jpegs.c \
    %reldir%/jpegs.h \
    %reldir%/patterns.c \
    %reldir%/patterns.h \
    %reldir%/tiny_data.c

%C%_tiny_data_CPPFLAGS = $(AM_CPPFLAGS) $(JPEG_CFLAGS)
%C%_tiny_data_LDADD = $(LDADD) $(JPEG_LIBS)

# Tells it how to have BLIS run its plain C kernels.
check_PROGRAMS += %reldir%/generic_kernels
%C%_generic_kernels_SOURCES = %reldir%/generic_kernels.c
%C%_generic_kernels_CPPFLAGS = $(library_cppflags)
%C%_generic_kernels_LDADD =

# Programs of one's own, for the test of elbo_main.
check_PROGRAMS += %reldir%/own_program
%C%_own_program_SOURCES = %reldir%/own_program.c

# Runs of many kinds, with what comes of them, for the tests of exports.
check_PROGRAMS += %reldir%/export_runs
%C%_export_runs_SOURCES = %reldir%/export_runs.c

script_tests = \
    %reldir%/columns \
    %reldir%/floors \
    %reldir%/headers \
    %reldir%/layers \
    %reldir%/links \
    %reldir%/locales \
    %reldir%/sources \
    %reldir%/symbols \
    %reldir%/test_cli.sh \
    %reldir%/test_cli_anomaly.sh \
    %reldir%/test_cli_arrays.sh \
    %reldir%/test_cli_columns.sh \
    %reldir%/test_cli_compare.sh \
    %reldir%/test_cli_config.sh \
    %reldir%/test_cli_data.sh \
    %reldir%/test_cli_evaluate.sh \
    %reldir%/test_cli_faults.sh \
    %reldir%/test_cli_frechet.sh \
    %reldir%/test_cli_json.sh \
    %reldir%/test_cli_large.sh \
    %reldir%/test_cli_manners.sh \
    %reldir%/test_cli_manual.sh \
    %reldir%/test_cli_models.sh \
    %reldir%/test_cli_numpy.sh \
    %reldir%/test_cli_resume.sh \
    %reldir%/test_cli_samplers.sh \
    %reldir%/test_cli_sources.sh \
    %reldir%/test_events.sh \
    %reldir%/test_export_c.sh \
    %reldir%/test_export_onnx.sh \
    %reldir%/test_export_pytorch.sh \
    %reldir%/test_locale.sh \
    %reldir%/test_own_program.sh \
    %reldir%/test_report.sh \
    %reldir%/test_tutorial.sh

TESTS += $(script_tests)
EXTRA_DIST += \
    %reldir%/browser.py \
    %reldir%/check_onnx.py \
    %reldir%/check_pytorch.py \
    %reldir%/slow_models.sh \
    %reldir%/cli.sh \
    %reldir%/read_events.py \
    %reldir%/tutorial.awk
dist_check_SCRIPTS += $(script_tests) %reldir%/installed

# What takes too long for every change: 12 GB of images, every model, the beginning of long trainings, a million graphs.
check-slow: elbo$(EXEEXT) %reldir%/tiny_data$(EXEEXT) %reldir%/fuzz$(EXEEXT)
	$(AM_TESTS_ENVIRONMENT) LARGE_GB=12 LARGE_MOST_KB=1000000 $(srcdir)/%reldir%/test_cli_large.sh
	$(AM_TESTS_ENVIRONMENT) MNIST=$(srcdir)/data/mnist $(srcdir)/%reldir%/slow_models.sh
	ELBO=$(abs_builddir)/elbo REPRODUCED=$(abs_builddir)/reproduced $(srcdir)/scripts/reproduce --quick
	$(AM_TESTS_ENVIRONMENT) %reldir%/fuzz --graphs 1000000
	test -z "$$PEERS_PYTHON" || $(MAKE) $(AM_MAKEFLAGS) peers

.PHONY: check-slow
