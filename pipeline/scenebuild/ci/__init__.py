"""What a pipeline does with a change: check, build, compare, report. ``python -I -m scenebuild.ci STEP``."""
