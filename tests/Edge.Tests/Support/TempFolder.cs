namespace Strata.Edge.Tests.Support;

internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("strata-edge-test-").FullName;

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (DirectoryNotFoundException) when (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true); // the edge was clearing up something in it, and has done so
        }
    }
}
