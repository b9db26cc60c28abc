"""The steps of a pipeline: check, build, compare, report. ``python -I -m scenebuild.ci STEP``."""
