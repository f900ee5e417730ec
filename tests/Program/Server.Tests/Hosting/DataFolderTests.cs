using System.Diagnostics;
using Strata.Core;
using Strata.Server.Options;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Hosting;

public sealed class DataFolderTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Open = Private | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead
        | UnixFileMode.OtherExecute;

    private readonly string parent = Directory.CreateTempSubdirectory("strata-home-").FullName;

    private string Root => Path.Combine(parent, "home");

    public void Dispose() => Folder.Delete(parent);

    [Fact]
    public void Create_Missing_IsPrivate()
    {
        new HomeLayout(Root).Create();
        Assert.All(Directory.GetDirectories(parent, "*", SearchOption.AllDirectories), f => Assert.Equal(Private, File.GetUnixFileMode(f)));
    }

    [Fact]
    public void Create_CloudsFolderThatIsOpen_IsClosed()
    {
        var home = new HomeLayout(Root);
        home.Create();
        File.WriteAllText(home.KeyFile, "");
        foreach (var folder in (string[])[Root, home.Run, home.Blobs]) File.SetUnixFileMode(folder, Open);
        home.Create();
        Assert.All((string[])[Root, home.Run, home.Blobs], f => Assert.Equal(Private, File.GetUnixFileMode(f)));
    }

    [Fact]
    public void Create_OpenFolderOfSomethingElse_IsRefusedAndLeftAsItIs()
    {
        Directory.CreateDirectory(Root);
        File.SetUnixFileMode(Root, Open);
        File.WriteAllText(Path.Combine(Root, "letter.txt"), "");
        var error = Assert.Throws<StrataException>(() => new HomeLayout(Root).Create()).Error;
        Assert.Equal("DATA_FOLDER_NOT_PRIVATE", error.Code);
        Assert.Contains("chmod 700", error.NextStep);
        Assert.Equal(Open, File.GetUnixFileMode(Root));
    }

    [Fact]
    public void Create_FolderOfAnotherUser_IsTakenOnlyWhileEmpty()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can give a folder away.");
        Directory.CreateDirectory(Root);
        GiveAway();
        new HomeLayout(Root).Create();
        GiveAway();
        var error = Assert.Throws<StrataException>(() => new HomeLayout(Root).Create()).Error;
        Assert.Equal("DATA_FOLDER_NOT_PRIVATE", error.Code);
        Assert.Contains("chown", error.NextStep);
    }

    [Fact]
    public void Create_FolderThatOthersCouldWriteTo_IsRefused_WhateverIsInIt()
    {
        var home = new HomeLayout(Root);
        home.Create();
        File.WriteAllText(home.KeyFile, "");
        File.SetUnixFileMode(Root, Open | UnixFileMode.OtherWrite);
        var error = Assert.Throws<StrataException>(home.Create).Error;
        Assert.Equal("DATA_FOLDER_NOT_PRIVATE", error.Code);
        Assert.Equal(Open | UnixFileMode.OtherWrite, File.GetUnixFileMode(Root));
    }

    [Fact]
    public void Create_LinkInsteadOfAFolder_IsRefused_AndWhatIsBehindItIsLeft()
    {
        var home = new HomeLayout(Root);
        home.Create();
        var elsewhere = Directory.CreateDirectory(Path.Combine(parent, "elsewhere")).FullName;
        File.SetUnixFileMode(elsewhere, Open);
        Directory.Delete(home.Blobs);
        Directory.CreateSymbolicLink(home.Blobs, elsewhere);
        Assert.Equal("DATA_FOLDER_NOT_PRIVATE", Assert.Throws<StrataException>(home.Create).Error.Code);
        Assert.Equal(Open, File.GetUnixFileMode(elsewhere));
    }

    private void GiveAway()
    {
        using var chown = Process.Start("chown", ["65534", Root]);
        chown.WaitForExit();
        Assert.Equal(0, chown.ExitCode);
    }
}
