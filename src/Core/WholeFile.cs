namespace Strata.Core;

/// <summary>Writes small files so that whoever reads them, now or after a crash, finds the old content or the new, and never a part. Writers of one file take turns.</summary>
public static class WholeFile
{
    public static void Write(string path, string text)
    {
        var unfinished = path + ".new";
        File.WriteAllText(unfinished, text);
        File.Move(unfinished, path, overwrite: true);
    }
}
