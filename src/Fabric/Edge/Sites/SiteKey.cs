namespace Strata.Edge.Sites;

/// <summary>
/// Which site: an organization is only ever served from what was fetched in its name, though another may have the same image.
/// </summary>
/// <param name="Digest">Of the image's manifest.</param>
internal readonly record struct SiteKey(string Org, string Digest)
{
    private const int OrgCharsMax = 64;

    /// <summary>Both are as the control plane makes them, so the folder's name leads nowhere else.</summary>
    public bool IsValid =>
        Core.Digest.TryParse(Digest, out _)
        && Org.Length is > 0 and <= OrgCharsMax && Org.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    public string FolderName => $"{Org}.{Digest.Replace(':', '-')}";
}
