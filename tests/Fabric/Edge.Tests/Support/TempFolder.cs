namespace Strata.Edge.Tests.Support;

internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("strata-edge-test-").FullName;

    public void Dispose() => Folder.Delete(Path);
}
