namespace Strata.Core;

/// <summary>The length of a file before it is opened.</summary>
public static class FileLength
{
    /// <summary>
    /// Bytes of the file itself where the path is a link, which has a length of its own. 0 of a pipe, whose opening would wait for a
    /// writer; null where there is no file.
    /// </summary>
    public static long? Of(string path)
    {
        var file = new FileInfo(path);
        if (file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target) file = target;
        return file.Exists ? file.Length : null;
    }
}
