namespace Strata.Edge.Tests.Support;

internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("strata-edge-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
