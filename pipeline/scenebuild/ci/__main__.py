"""``python -I -m scenebuild.ci STEP``, as the action and the template for GitLab call it."""

import sys

from scenebuild.ci.steps import main

sys.exit(main(sys.argv[1:]))
