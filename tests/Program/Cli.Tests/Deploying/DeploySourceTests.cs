using Strata.Cli.Deploying;
using Strata.Core;

namespace Strata.Cli.Tests.Deploying;

public sealed class DeploySourceTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("https://host/user/My_Repo.git", "my-repo")]
    [InlineData("git@host:user/repo.git", "repo")]
    [InlineData("file:///srv/git/site", "site")]
    [InlineData("ssh://git@host/user/42-answers/", "answers")]
    public void DefaultName_OfARepository_IsItsOwn(string url, string name)
    {
        var source = DeploySource.Parse(url, "main");
        Assert.Equal(name, source.DefaultName());
        Assert.Equal("main", source.Git?.Branch);
    }

    [Fact]
    public void DefaultName_OfAFolder_IsFromStrataYamlFirst()
    {
        var path = Directory.CreateDirectory(Path.Combine(folder.Path, "My App.2")).FullName;
        Assert.Equal("my-app-2", DeploySource.Parse(path, null).DefaultName());
        folder.Write("My App.2/strata.yaml", "name: shop\n");
        Assert.Equal("shop", DeploySource.Parse(path, null).DefaultName());
    }

    [Theory]
    [InlineData("/no/such/folder", null, "SOURCE_NOT_FOUND")]
    [InlineData("/tmp", "main", "USAGE")]
    public void Parse_WhatCannotBe_IsSaid(string text, string? branch, string code) =>
        Assert.Equal(code, Assert.Throws<StrataException>(() => DeploySource.Parse(text, branch)).Error.Code);
}
