"""The wheel holds what the program needs, and works in a folder whose own `workflows` means something else."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a program to its end; when it fails, the test shows what it said."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, f"{command[0]} exited with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def baton(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed `baton`, in an environment of its own.

    The dependencies are lent by the environment that runs the tests: a path in a `.pth` file adds its folder,
    but not the `.pth` files in it, so the checkout's editable install stays out of sight.
    """
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    run(*pip, wheel, cwd=home)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip())
    lent = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    (site / "lent.pth").write_text("\n".join(lent) + "\n")
    return home / "bin" / "baton"


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A person's own project, which happens to have folders with our names."""
    for name in ("workflows", "bot", "integrations"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('the wrong package was imported')\n")
    return tmp_path


@pytest.fixture
def clean(foreign: Path) -> dict[str, str]:
    """An environment with nothing of ours in it."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(foreign), "LANG": "C.UTF-8"}


def test_the_wheel_holds_the_packages_and_their_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    ours = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert ours == {"bot", "workflows", "integrations"}
    assert [
        name for name in names if name.startswith("workflows/storage/migrations/versions/") and name.endswith(".py")
    ]
    assert [name for name in names if name.startswith("bot/demo/topics/") and name.endswith(".md")]
    assert {"bot/py.typed", "workflows/py.typed", "integrations/py.typed"} <= set(names)


def test_the_installed_program_is_the_wheels(baton: Path, foreign: Path, clean: dict[str, str]) -> None:
    python = baton.with_name("python")
    found = run(python, "-P", "-c", "import bot; print(bot.__file__)", cwd=foreign, env=clean)
    assert Path(found.strip()).is_relative_to(baton.parents[1])


def test_baton_works_from_a_foreign_folder(baton: Path, foreign: Path, clean: dict[str, str]) -> None:
    assert "migrate" in run(baton, "--help", cwd=foreign, env=clean)
    run(baton, "workflows", cwd=foreign, env=clean)
    run(baton, "migrate", cwd=foreign, env=clean)
