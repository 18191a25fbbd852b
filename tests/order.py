"""Which files are begun first: they are shared out between processes, and none is to be left alone with a long one."""

LONGEST = ("test_browser_lab.py", "test_slides_browser.py", "test_browser_site.py",
           "08_six_tasks.ipynb", "07_training_in_practice.ipynb", "06_rules_of_today.ipynb", "05_cifar_benchmark.ipynb",
           "test_handouts.py", "test_browser_player.py", "test_sketch.py", "04_minibatching.ipynb",
           "test_benchmark_command.py", "test_benchmark_job.py", "test_benchmark_training.py",
           "test_cheat_sheet_files.py", "test_predict_lab.py", "test_edges.py", "03_adaptive_methods.ipynb",
           "test_browser.py", "test_torch_distributed.py", "test_colab_standalone.py", "01_gradient_descent.ipynb",
           "02_momentum.ipynb", "test_surface.py", "test_benchmark_shipped.py", "test_explore.py",
           "test_browser_surface.py", "test_explore_offline.py", "test_browser_explore.py", "test_plots.py",
           "test_browser_sheet.py", "test_other_tools.py", "test_notebooks.py")  # fmt: skip


def place(name):
    """Where a file stands; those that are not named keep their order, after these."""
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)
