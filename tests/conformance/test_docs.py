"""The pages in docs/ are those that the program prints, and README's example of a configuration is one it takes."""
import pathlib
import re
import subprocess
import tempfile
import unittest

from stack import ROOT

SONDE = ROOT / "build/release/sonde"


def printed(*words):
    return subprocess.run([SONDE, *words], capture_output=True, text=True, check=True).stdout


class Docs(unittest.TestCase):
    def test_the_pages_are_those_that_the_program_prints(self):
        self.assertEqual((ROOT / "docs/configuration.md").read_text(), printed("config", "docs"), "run `make docs`")
        self.assertEqual((ROOT / "docs/metrics.md").read_text(), printed("metrics", "--format=markdown"), "run `make docs`")

    def test_the_example_in_the_readme_is_a_valid_configuration(self):
        examples = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
        [example] = [e for e in examples if "targets:\n" in e and "scrape_configs" not in e]
        with tempfile.TemporaryDirectory() as folder:
            secret = pathlib.Path(folder) / "secret"
            secret.write_text("x")
            file = pathlib.Path(folder) / "sonde.yml"
            file.write_text(re.sub(r"/run/secrets/\w+", str(secret), example).replace("${DATABASE_URL}", "postgres://sonde@db/x"))
            done = subprocess.run([SONDE, "config", "check", str(file)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
