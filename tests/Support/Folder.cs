namespace Strata.TestSupport;

/// <summary>Folders of tests.</summary>
internal static class Folder
{
    private const int TriesMax = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// Deletes a folder with all that is in it, also while a process that is just ending still writes or clears up there.
    /// </summary>
    public static void Delete(string path)
    {
        for (var tries = 1; Directory.Exists(path); tries++)
        {
            try
            {
                Directory.Delete(path, recursive: true);
            }
            catch (IOException) when (tries < TriesMax)
            {
                SpinWait.SpinUntil(() => !Directory.Exists(path), Pause);
            }
        }
    }
}
