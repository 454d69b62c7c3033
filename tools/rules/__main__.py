"""python -m tools.rules"""

import sys
from pathlib import Path

from tools.rules import check, project_files

root = Path(__file__).resolve().parents[2]
findings = check(root, project_files(root))
for finding in findings:
    print(finding)
sys.exit(1 if findings else 0)
